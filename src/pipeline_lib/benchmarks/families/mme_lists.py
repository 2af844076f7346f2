"""Where MME's lists of questions and gold answers come from: InternVL has them as plain files."""

from pipeline_lib.benchmarks.families.data import FileList, StandIn

LISTS = (
    "https://raw.githubusercontent.com/OpenGVLab/InternVL/2410d1dbf208f0e799459aff9376e5747dbf41a2"
    "/internvl_chat/eval/mme/Your_Results/"
)
DIGESTS = {
    "OCR.txt": "97a799f2ee295f3a6f12754b48515c68f0a2a13580999308efe287ad1e1827a4",
    "artwork.txt": "7aa71c678ccce1b71b05c2c1b59476041a0359d4035abae177253e766d11a8cd",
    "celebrity.txt": "a787ef71cdde4753005591fd9e33149ac2b415104309c1dc66d679a4d211728c",
    "code_reasoning.txt": "a46fd12b1211ece5650d10f08d977b15acf25dbe126138bcfb2aa9bae5c80636",
    "color.txt": "2c218a08e0d18b716f251b4ae58a58cd7ee8799fbda43763c20a1a0b97b892b3",
    "commonsense_reasoning.txt": "3fceadba7907a1ff8152821617c5d442862f7646c86d2cdef142b282198185c1",
    "count.txt": "8e885f2e42abcae6af648282fcd2808128363a412e66fa90b119ff5118a8e22a",
    "existence.txt": "e17ea92527bdacd35d6feab51b06964d9272204b82464fb12835f805a50b659a",
    "landmark.txt": "56299c035d72ad18f14838ce01fa589d72e270dae65a78ecc1264d4534397861",
    "numerical_calculation.txt": "7d82c252b4e64365afa03d0882b52d142b8cf7077656287d34c3605ffe9d6d5f",
    "position.txt": "0386f6b2a8ff27f2bc78bb214f477d4bbd62f8cc6e759049acfe4b87be65bb8d",
    "posters.txt": "2565d73d220e4a70e4364848cc9e47d7ccf8e6af92ea2cabe4c07e32975cfe68",
    "scene.txt": "244f927035255a3596f263115d7db7edeee0d364a310a8c80b8732c169848f8a",
    "text_translation.txt": "f4ab96b3f3bd1f444135d3891e76b741bf17b4eb572fb1177a587c638f058953",
}
MME_LISTS = FileList("mme_lists", LISTS, tuple(DIGESTS), folder="gold", digests=DIGESTS, smoke=StandIn("gold/*"))
