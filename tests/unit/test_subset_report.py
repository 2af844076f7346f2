"""The report on a subset: counts of origins, images, lengths and overlaps that add up, and a picture that is XML."""

from collections import Counter
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.conversations.report import LENGTHS, report
from pipeline_lib.conversations.report_picture import BARS, draw_report
from pipeline_lib.conversations.table import Conversation

IMAGES = st.sampled_from([None, "1.jpg", "coco/1.jpg", "coco/2.jpg", "gqa/<&>.jpg", ["vg/1.jpg", "coco/1.jpg"]])


def row(number: int, image: str | list[str] | None, answer: str = "Yes") -> Conversation:
    """Return a row with one question."""
    pins = ["a pin"] * len(image) if isinstance(image, list) else image and "a pin"
    turns = [{"from": "human", "value": "Is it?"}, {"from": "gpt", "value": answer}]
    return Conversation(number, str(number), image, pins, turns)


@given(st.lists(IMAGES, min_size=1, max_size=30), st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_the_counts_add_up(images: list[str | list[str] | None], first: set[int], second: set[int]) -> None:
    table = [row(number, image) for number, image in enumerate(images)]
    chosen, other = first & set(range(len(table))), second & set(range(len(table)))
    content = report(table, chosen, {"other": other})
    assert content["rows"] == {"table": len(table), "subset": len(chosen)}
    for key, rows in content["rows"].items():
        assert sum(counts[key] for counts in content["origins"].values()) == rows
        counts = content["images"][key]
        assert counts["rows_without"] + counts["rows_with_several"] <= rows
    assert content["overlap"] == {"other": {"rows": len(other), "common": len(chosen & other)}}
    ElementTree.fromstring(draw_report("half", content))


def test_an_origin_is_the_first_folder_and_rows_without_image_are_one() -> None:
    table = [row(0, "coco/train/1.jpg"), row(1, "coco/train/1.jpg"), row(2, None), row(3, "vg/1.jpg")]
    content = report(table, {1, 2}, {})
    assert content["origins"] == {
        "coco/": {"table": 2, "subset": 1},
        "text": {"table": 1, "subset": 1},
        "vg/": {"table": 1, "subset": 0},
    }
    assert content["images"]["table"] == {"different": 2, "rows_without": 1, "rows_with_several": 0}
    assert content["images"]["subset"] == {"different": 1, "rows_without": 1, "rows_with_several": 0}


def test_lengths_are_those_of_rows() -> None:
    table = [row(number, None, "x" * number) for number in range(1, 12)]
    lengths = report(table, {11, 9, 10}, {})["lengths"]
    assert tuple(lengths) == LENGTHS
    assert lengths["answer_characters"]["table"]["median"] == 6 and lengths["answer_characters"]["table"]["most"] == 11
    assert lengths["answer_characters"]["subset"]["least"] == 9
    assert lengths["turns"]["subset"] == dict.fromkeys(lengths["turns"]["subset"], 2)


def test_the_picture_shows_table_and_subset_of_every_origin_and_sums_those_beyond_its_bars() -> None:
    table = [row(number, f"{number % 30}/1.jpg") for number in range(90)]
    picture = ElementTree.fromstring(draw_report("half", report(table, set(range(30)), {"full": range(90)})))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "half: 30 of 90 rows" and "10 more origins" in texts and "full" in texts
    drawn = Counter(rect.get("fill") for rect in picture.iter("{http://www.w3.org/2000/svg}rect"))
    assert drawn["#b6bcc6"] == BARS + 1 and drawn["#3b76b5"] == BARS + 2  # and one overlap
