"""Where MME's lists of questions and gold answers come from: InternVL has them as plain files."""

LISTS = (
    "https://raw.githubusercontent.com/OpenGVLab/InternVL/2410d1dbf208f0e799459aff9376e5747dbf41a2"
    "/internvl_chat/eval/mme/Your_Results/"
)
MME_LISTS = {
    "kind": "file",
    "url": LISTS + "OCR.txt",
    "name": "gold/OCR.txt",
    "sha256": "97a799f2ee295f3a6f12754b48515c68f0a2a13580999308efe287ad1e1827a4",
    "also": [
        {
            "url": LISTS + "artwork.txt",
            "name": "gold/artwork.txt",
            "sha256": "7aa71c678ccce1b71b05c2c1b59476041a0359d4035abae177253e766d11a8cd",
        },
        {
            "url": LISTS + "celebrity.txt",
            "name": "gold/celebrity.txt",
            "sha256": "a787ef71cdde4753005591fd9e33149ac2b415104309c1dc66d679a4d211728c",
        },
        {
            "url": LISTS + "code_reasoning.txt",
            "name": "gold/code_reasoning.txt",
            "sha256": "a46fd12b1211ece5650d10f08d977b15acf25dbe126138bcfb2aa9bae5c80636",
        },
        {
            "url": LISTS + "color.txt",
            "name": "gold/color.txt",
            "sha256": "2c218a08e0d18b716f251b4ae58a58cd7ee8799fbda43763c20a1a0b97b892b3",
        },
        {
            "url": LISTS + "commonsense_reasoning.txt",
            "name": "gold/commonsense_reasoning.txt",
            "sha256": "3fceadba7907a1ff8152821617c5d442862f7646c86d2cdef142b282198185c1",
        },
        {
            "url": LISTS + "count.txt",
            "name": "gold/count.txt",
            "sha256": "8e885f2e42abcae6af648282fcd2808128363a412e66fa90b119ff5118a8e22a",
        },
        {
            "url": LISTS + "existence.txt",
            "name": "gold/existence.txt",
            "sha256": "e17ea92527bdacd35d6feab51b06964d9272204b82464fb12835f805a50b659a",
        },
        {
            "url": LISTS + "landmark.txt",
            "name": "gold/landmark.txt",
            "sha256": "56299c035d72ad18f14838ce01fa589d72e270dae65a78ecc1264d4534397861",
        },
        {
            "url": LISTS + "numerical_calculation.txt",
            "name": "gold/numerical_calculation.txt",
            "sha256": "7d82c252b4e64365afa03d0882b52d142b8cf7077656287d34c3605ffe9d6d5f",
        },
        {
            "url": LISTS + "position.txt",
            "name": "gold/position.txt",
            "sha256": "0386f6b2a8ff27f2bc78bb214f477d4bbd62f8cc6e759049acfe4b87be65bb8d",
        },
        {
            "url": LISTS + "posters.txt",
            "name": "gold/posters.txt",
            "sha256": "2565d73d220e4a70e4364848cc9e47d7ccf8e6af92ea2cabe4c07e32975cfe68",
        },
        {
            "url": LISTS + "scene.txt",
            "name": "gold/scene.txt",
            "sha256": "244f927035255a3596f263115d7db7edeee0d364a310a8c80b8732c169848f8a",
        },
        {
            "url": LISTS + "text_translation.txt",
            "name": "gold/text_translation.txt",
            "sha256": "f4ab96b3f3bd1f444135d3891e76b741bf17b4eb572fb1177a587c638f058953",
        },
    ],
}
