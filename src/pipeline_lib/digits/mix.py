"""Small versions of training files: rows of LLaVA-1.5's instruction mix and captions, of LLaVA-SCo's, and images.

Images are named as in the real collections; as there, some of OCR-VQA's .jpg files are GIFs.
"""

import hashlib
import io
from typing import Any, Sequence

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.questions import caption_prompt, presence_turn, short_turn
from pipeline_lib.digits.render import draw
from pipeline_lib.digits.scene import Scene, caption, draw_scene

Row = dict[str, Any]

FOLDERS = {  # the folder of each collection's images, as the rows name it
    "coco": "coco/train2017/",
    "gqa": "gqa/images/",
    "ocr_vqa": "ocr_vqa/images/",
    "textvqa": "textvqa/train_images/",
    "vg_100k": "vg/VG_100K/",
    "vg_100k_2": "vg/VG_100K_2/",
    "captions": "",
}
REVIEW = "Review your answer, and write it again."
MIX = [name for name in FOLDERS if name != "captions"]
TALK = (
    "Tell me about numbers.",
    "A number counts things.",
    "And what is a digit?",
    "A digit is a sign that numbers are made of.",
)


def photo_name(collection: str, number: int) -> str:
    """Return the name of a collection's image in its archive."""
    if collection == "textvqa":
        return f"{hashlib.sha256(str(number).encode()).hexdigest()[:16]}.jpg"
    if collection == "captions":
        return f"{number // 10:05d}/{number:09d}.jpg"
    widths = {"coco": 12, "ocr_vqa": 10}
    return f"{number + 1:0{widths.get(collection, 0)}d}.jpg"


def photo(seed: int, collection: str, number: int) -> bytes:
    """Return the bytes of a collection's image: a scene as JPEG; every second one of OCR-VQA as GIF."""
    picture = draw(
        photo_scene(seed, collection, number), derive_seed(seed, "digits photo", f"{collection} {number}"), "train"
    )
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "GIF" if collection == "ocr_vqa" and number % 2 else "JPEG")
    return buffer.getvalue()


def photo_scene(seed: int, collection: str, number: int) -> Scene:
    """Return the scene that a collection's image shows."""
    return draw_scene(seed, f"photo {collection}", number)


def mix_rows(seed: int, rows: int) -> list[Row]:
    """Return rows of the instruction mix: every collection in turn, then a conversation without an image."""
    return [_mix_row(seed, index, *divmod(index, len(MIX) + 1)) for index in range(rows)]


def caption_rows(seed: int, rows: int) -> list[Row]:
    """Return rows of the captions for the projector's pretraining."""
    captions = []
    for number in range(rows):
        generator = _generator(seed, f"caption {number}")
        image = photo_name("captions", number)
        answer = caption(photo_scene(seed, "captions", number))
        turns = _turns([caption_prompt(generator) + "\n<image>", answer])
        captions.append({"id": image.rpartition("/")[2].removesuffix(".jpg"), "image": image, "conversations": turns})
    return captions


def review_rows(seed: int, rows: int) -> list[Row]:
    """Return rows as LLaVA-SCo trains on: a question about an image, an answer in sections, a review, the same again.

    Every second first answer has a wrong conclusion.
    """
    reviewed = []
    for number in range(rows):
        scene, name = photo_scene(seed, "captions", number), photo_name("captions", number)
        asked, answer = short_turn(scene, _generator(seed, f"review {number}"))
        first = "nothing" if number % 2 else answer
        turns = [f"<image>\n{asked}", _in_sections(scene, first), REVIEW, _in_sections(scene, answer)]
        reviewed.append({"id": str(number), "image": name, "conversations": _turns(turns)})
    return reviewed


def _in_sections(scene: Scene, answer: str) -> str:
    texts = {"SUMMARY": "I look.", "CAPTION": caption(scene), "REASONING": "I see it.", "CONCLUSION": answer}
    return "\n\n".join(f"<{tag}>{text}</{tag}>" for tag, text in texts.items())


def _mix_row(seed: int, index: int, number: int, which: int) -> Row:
    if which == len(MIX):
        return {"id": f"talk{number}_0", "model": "", "conversations": _turns(TALK)}
    collection = MIX[which]
    name = photo_name(collection, number)
    generator = _generator(seed, f"mix {index}")
    scene = photo_scene(seed, collection, number)
    first, second = presence_turn(scene, generator), short_turn(scene, generator)
    turns = _turns([f"<image>\n{first[0]}", first[1], *second])
    return {"id": name.removesuffix(".jpg"), "image": f"{FOLDERS[collection]}{name}", "conversations": turns}


def _turns(texts: Sequence[str]) -> list[dict[str, str]]:
    speakers = ("human", "gpt")
    return [{"from": speakers[index % 2], "value": text} for index, text in enumerate(texts)]


def _generator(seed: int, item: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, "digits mix", item))
