"""Small versions of the nine annotation files of InternVL-Chat-V1.2, with the images of `digits_photos`.

The names of the files are those of OpenGVLab/InternVL e14d73d, `internvl_chat/shell/data/data_yi34b_finetune.json`; the
folders are those of its README, below the `root` of each file there.
"""

from itertools import cycle, islice
from typing import Any, Callable

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.mix import mix_rows, photo_name, photo_scene
from pipeline_lib.digits.questions import caption_prompt, presence_turn, short_turn
from pipeline_lib.digits.scene import Scene, caption

Row = dict[str, Any]
Maker = Callable[[Scene, np.random.Generator], tuple[str, str]]

ALL_KINDS = "sharegpt4v_mix665k_cap23k_coco-ap9k_lcs3k_sam9k_div2k.jsonl"  # images of many collections, and texts
COUNT_ZH = "图中有几个数字"


def described(scene: Scene, generator: np.random.Generator) -> tuple[str, str]:
    """Return a request for a caption, and the caption."""
    return caption_prompt(generator), caption(scene)


def counted_in_chinese(scene: Scene, generator: np.random.Generator) -> tuple[str, str]:
    """Return a question about the number of digits, and its answer."""
    return COUNT_ZH, f"{len(scene.digits)}个。"


# Of every file: its questions, and the folders and collections of its images in turn.
FILES: dict[str, tuple[Maker, dict[str, str]]] = {
    "sharegpt4v_instruct_gpt4-vision_cap100k.jsonl": (
        described,
        {
            "coco/train2017/": "coco",
            "llava/llava_pretrain/images/": "captions",
            "sam/images/": "sam",
            "web-celebrity/images/": "web-celebrity",
        },
    ),
    "llava_instruct_150k_zh.jsonl": (counted_in_chinese, {"train2017/": "coco"}),
    "dvqa_train_200k.jsonl": (short_turn, {"images/": "dvqa"}),
    "chartqa_train_18k.jsonl": (short_turn, {"train/png/": "chartqa"}),
    "ai2d_train_12k.jsonl": (presence_turn, {"images/": "ai2d"}),
    "docvqa_train_10k.jsonl": (short_turn, {"train/documents/": "docvqa"}),
    "geoqa+.jsonl": (short_turn, {"images/": "geoqa"}),
    "synthdog_en.jsonl": (described, {"images/": "synthdog"}),
}
NAMES = (*FILES, ALL_KINDS)


def set_rows(seed: int, name: str, rows: int, images: int) -> list[Row]:
    """Return rows of an annotation file, about so many images of every collection."""
    if name == ALL_KINDS:
        return mix_rows(seed, rows)
    make, folders = FILES[name]
    turns = enumerate(islice(cycle(folders.items()), rows))
    return [
        _row(seed, name, number, make, folder, collection, number // len(folders) % images)
        for number, (folder, collection) in turns
    ]


def meta_file(rows: int) -> dict[str, Any]:
    """Return the meta file of a single annotation file: the one of AI2D, whose rows occur twice."""
    entry = {
        "root": "playground/data/ai2d/",
        "annotation": "playground/ai2d_train_12k.jsonl",
        "data_augment": False,
        "repeat_time": 2,
        "length": rows,
    }
    return {"ai2d_train_12k": entry}


def _row(seed: int, name: str, number: int, make: Maker, folder: str, collection: str, image: int) -> Row:
    generator = np.random.default_rng(derive_seed(seed, "digits sets", f"{name} {number}"))
    question, answer = make(photo_scene(seed, collection, image), generator)
    turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]
    return {"id": number, "image": f"{folder}{photo_name(collection, image)}", "conversations": turns}
