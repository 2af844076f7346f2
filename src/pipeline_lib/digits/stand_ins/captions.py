"""Stand-ins with reference captions, in COCO's form: COCO captions, Flickr30k and NoCaps."""

from functools import partial
from typing import Callable, Mapping

from pipeline_lib.digits.render import image_name
from pipeline_lib.digits.scene import caption, scene_words
from pipeline_lib.digits.stand_ins.scenes import Files, Picture, Row, Scenes

NAME = "COCO_val2014_{:012d}.jpg"
ALL = 20  # scenes that other stand-ins ask about
REFERENCES = ("{}", "A picture of digits. {}", "There are digits: {}", "{} Nothing else is there.", "A scene, {}")
LAST = len(REFERENCES) - 1


def references(scenes: Scenes) -> list[Row]:
    """Return five references to every scene, of which the last is four words."""
    return [
        {
            "image_id": number,
            "id": number * len(REFERENCES) + index,
            "caption": form.format(scene_words(scenes[number]) if index == LAST else caption(scenes[number])),
        }
        for number in scenes.numbers
        for index, form in enumerate(REFERENCES)
    ]


def karpathy(scenes: Scenes) -> Files:
    """Return InternVL's list of images, whose names end with their ids, and the references; images are COCO's."""
    listed = [{"image": f"val2014/{NAME.format(number)}"} for number in scenes.numbers]
    gold = {"images": [{"id": number} for number in scenes.numbers], "annotations": references(scenes)}
    return {"coco_karpathy_test.json": listed, "coco_karpathy_test_gt.json": gold}


def coco_val2014(scenes: Scenes) -> Files:
    """Return images by COCO's names, and by those of `digits_scenes`, which other stand-ins ask about."""
    named = {image_name(scenes.part, number): Picture(number, mixed=True) for number in range(ALL)}
    return {**named, **scenes.pictures(NAME)}


def one_file(scenes: Scenes, name: str, key: str) -> Files:
    """Return one file of images with their names under `key`, and references; and the images."""
    listed = [{"id": number, key: f"{number}.jpg"} for number in scenes.numbers]
    content = {"images": listed, "annotations": references(scenes)}
    return {name: content, **scenes.pictures("{}.jpg")}


CAPTIONS: Mapping[str, Callable[[Scenes], Files]] = {
    "coco_captions": karpathy,
    "coco_val2014": coco_val2014,
    "flickr30k": partial(one_file, name="flickr30k_test_karpathy.json", key="image"),
    "nocaps": partial(one_file, name="nocaps_val_4500_captions.json", key="file_name"),
}
