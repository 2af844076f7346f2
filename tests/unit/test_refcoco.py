"""RefCOCO and its kin: the box in an answer, its overlap with the gold box, the files."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import refcoco
from pipeline_lib.benchmarks.base import Files, Grade
from pipeline_lib.benchmarks.families.boxes import ANY_FOUR, internvl_box, lmms_eval_box
from pipeline_lib.core.errors import PipelineError
from tests.recordings import write_lines
from tests.scored import answer_with, asked, official_verdicts, score

READERS = {"internvl12": internvl_box, "lmms_eval": lmms_eval_box}
ROW = {
    "image": "data/coco/train2014/COCO_train2014_000000000001.jpg",
    "sent": "left dog",
    "bbox": [100.0, 50.0, 300, 150],
}
SIZE = {"width": 400, "height": 200}
RIGHT, HALF = "[0.25, 0.25, 0.75, 0.75]", "[0.25, 0.25, 0.5, 0.75]"


@pytest.mark.parametrize("protocol", READERS)
def test_overlaps_are_those_of_the_official_code(protocol: str) -> None:
    rows = official_verdicts("boxes")
    overlaps = [READERS[protocol](row["answer"], tuple(row["box"]), tuple(row["size"]))[0] for row in rows]
    assert overlaps == [pytest.approx(row["overlaps"][protocol], abs=1e-8) for row in rows]


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), st.integers(1, 640), st.integers(1, 640))
def test_an_overlap_is_between_0_and_1_and_whole_only_for_the_gold_box(box: list[int], width: int, height: int) -> None:
    gold = (0.0, 0.0, float(width), float(height))
    for read in READERS.values():
        shares = [number / 1000 for number in box]
        overlap, _ = read(str(shares), gold, (width, height))
        assert 0 <= overlap <= 1
        assert (overlap > 1 - 1e-6) == (shares == [0, 0, 1, 1])
        assert read("", gold, (width, height)) == (0, None)


def write(folder: Path, **splits: list[dict[str, Any]]) -> Files:
    folder.mkdir()
    for split, rows in splits.items():
        write_lines(folder / f"refcoco_{split}.jsonl", rows)
    return Files(folder)


def test_a_protocol_asks_for_a_box_in_its_words(tmp_path: Path) -> None:
    files = write(tmp_path / "rows", val=[ROW | SIZE, ROW | SIZE | {"bbox": [0, 0, 9, 9]}], testA=[ROW | SIZE])
    questions = asked("refcoco", files, "internvl12")
    assert [(q.id, q.part) for q in questions] == [
        ("COCO_train2014_000000000001.jpg left dog", "val"),
        ("COCO_train2014_000000000001.jpg left dog (2)", "val"),
        ("COCO_train2014_000000000001.jpg left dog (3)", "testA"),
    ]  # fmt: skip
    region = "Please provide the bounding box coordinate of the region this sentence describes: "
    assert questions[0].prompt == f"{region}<ref>left dog</ref>"
    assert asked("refcoco", files, "lmms_eval")[0].prompt.endswith(f"between 0 and 1. {region}left dog")


@pytest.mark.parametrize("protocol", refcoco.PROTOCOLS)
def test_a_box_that_overlaps_by_half_is_right(tmp_path: Path, protocol: str) -> None:
    rows = [ROW | SIZE | {"sent": sent} for sent in ("a", "b", "c", "d")]
    files = Files(write(tmp_path / "rows", val=rows).questions / "refcoco_val.jsonl")
    pairs = list(zip(asked("refcoco", files, protocol), [RIGHT, HALF, "[0, 0, 0.1, 0.1]", "none"], strict=True))
    scored = score("refcoco", files, answer_with(tmp_path / "a.jsonl", pairs), protocol)
    metrics = scored["metrics"]
    assert (metrics["accuracy"], metrics["accuracy/val"], metrics["accuracy_0.7"], metrics["overlap"]) == (
        0.5, 0.5, 0.25, 0.375,
    )  # fmt: skip
    assert (scored["primary"], scored["unparsed"]) == ("accuracy", 1)
    assert score("refcoco", files, answer_with(tmp_path / "b.jsonl", pairs[::-1]), protocol)["metrics"] == metrics


@given(st.text(alphabet="[],1 a\n", max_size=30))
def test_a_box_is_found_as_internvls_expression_finds_it(answer: str) -> None:
    original = re.search(r"\[*\[(.*?),(.*?),(.*?),(.*?)\]\]*", answer)
    match = ANY_FOUR.search(answer)
    assert (match and match.groups()) == (original and original.groups())


@pytest.mark.parametrize("piece", ["0, ", "[", "[ ", "[1,", "[[1,", "[1]"])
def test_an_endless_list_of_numbers_or_brackets_is_read_at_once(piece: str) -> None:
    answer = "[" + piece * 200_000  # InternVL's expression tries every four of the commas, from every bracket
    start = time.process_time()
    assert internvl_box(answer, (0, 0, 1, 1), (1, 1)) == (0, None)
    assert time.process_time() - start < 5


def test_a_verdict_has_the_box_in_shares_of_the_image(tmp_path: Path) -> None:
    (question,) = asked("refcoco", write(tmp_path / "rows", val=[ROW | SIZE]), "internvl12")
    gold = {"box": ROW["bbox"], "size": [400, 200]}
    assert refcoco.SCORER.grade(question, gold, "[[250, 250, 750, 750]]", "internvl12") == Grade(
        1, [0.25, 0.25, 0.75, 0.75], "box"
    )
    assert refcoco.SCORER.grade(question, gold, "[a, b, c, d]", "internvl12") == Grade(0, None, "none", "unparsed")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW, r"(?s)needs `bbox`, `width` and `height`.*refcoco_val\.jsonl:2"),
        (ROW | SIZE | {"bbox": [1, 2, 3]}, r"(?s)needs `bbox`"),
        (ROW | SIZE | {"bbox": [3, 2, 1, 4]}, r"(?s)an empty gold box.*refcoco_val\.jsonl:2.*\[3, 2, 1, 4\]"),
        (ROW | SIZE | {"width": 0}, r"(?s)needs `bbox`.*width"),
        (ROW | SIZE | {"width": 10**400}, r"(?s)needs `bbox`.*width"),
        (ROW | SIZE | {"bbox": [0, 0, 10**400, 1]}, r"(?s)does not lie in its image.*refcoco_val\.jsonl:2"),
        (ROW | SIZE | {"bbox": [500, 0, 600, 9]}, r"(?s)does not lie in its image.*\[500, 0, 600, 9\] in 400 x 200"),
    ],
)
def test_a_gold_box_that_is_none_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    files = write(tmp_path / "rows", val=[ROW | SIZE, row])
    with pytest.raises(PipelineError, match=message):
        refcoco.gold(files, [], "internvl12")


def test_gold_boxes_are_of_the_rows_with_the_ids(tmp_path: Path) -> None:
    files = write(tmp_path / "rows", val=[ROW | SIZE])
    assert refcoco.gold(files, [], "internvl12") == {
        "COCO_train2014_000000000001.jpg left dog": {"box": [100.0, 50.0, 300, 150], "size": [400, 200]}
    }
    assert json.dumps(refcoco.gold(files, [], "internvl12"))
