"""Tables and subsets: the usable rows, and the chosen ones."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline_lib.conversations import writing
from pipeline_lib.conversations.labelled import image_names, indexed_images
from pipeline_lib.conversations.row_keys import unread_media
from pipeline_lib.conversations.sample import SampleSettings, sample, sample_pins
from pipeline_lib.conversations.source_rows import RowSource, SourceFiles, SourceRow, rows_of_file, source_rows
from pipeline_lib.conversations.subset import read_subset, subset_conversations, write_pins, write_subset
from pipeline_lib.conversations.table import Conversation, read_table
from pipeline_lib.conversations.tabulate import Tabulated, TabulateSettings, refusal, tabulate
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json, write_lines
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.sampling import digest_rank
from tests.small_images import small_images
from tests.tables import write_table

GOLDEN = Path(__file__).parent.parent / "golden" / "digest_rank.json"


@pytest.fixture()
def images(tmp_path: Path) -> ImageReader:
    """Return a reader of small images."""
    return small_images(tmp_path / "images")


def turns(human: str = "Hi", gpt: str = "Hello") -> list[dict[str, str]]:
    return [{"from": "human", "value": human}, {"from": "gpt", "value": gpt}]


def tabulated(tmp_path: Path, rows: list[Any]) -> Tabulated:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    return tabulate(rows_of_file(path), ImageReader([]), path)


def reason(tmp_path: Path, **row: Any) -> str:
    """Return why a row is rejected, empty where it is used."""
    rejected = tabulated(tmp_path, [{"conversations": turns(), **row}]).rejected
    return str(rejected[0]["reason"]) if rejected else ""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 1}, "not a list of pairs"),
        ({"conversations": turns()[:1]}, "not a list of pairs"),
        ({"conversations": turns()[::-1]}, "do not alternate"),
        ({"conversations": [{"from": "system", "value": "Be kind."}, *turns()]}, "(turn 0 is from system)"),
        ({"conversations": [*turns(), {"role": "user", "content": "Hi"}]}, "(turn 2 is from null)"),
        ({"conversations": None}, "not a list of pairs of turns (null)"),
        ({"conversations": ["Hi", "Hello"]}, "turn 0 is no object (Hi)"),
        ({"conversations": [{"from": "human"}, turns()[1]]}, "the turn of human has no `value`"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": ""}, "`image` is an empty path"),
        ({"conversations": turns(gpt=" ")}, "empty turn of gpt"),
        ({"conversations": turns(human="<image>\n")}, "empty turn of human"),
        ({"conversations": turns(human="<image>\nWhat?")}, "<image> without an image"),
        ({"conversations": turns(), "image": "a.jpg"}, "expected <image> once"),
        ({"conversations": turns(human="<image><image> What?"), "image": "a.jpg"}, "expected <image> once"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": "a.jpg"}, "no dataset holds this image"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": ["a.jpg"]}, "no dataset holds this image"),
        (
            {"conversations": turns(human="<image>\nWhat?"), "image": {"path": "a"}},
            "neither a path nor a list of paths",
        ),
        ({"conversations": turns(human="<image> <image>"), "image": ["a.jpg", 5]}, "empty turn of human"),
        ({"conversations": turns(human="<image> <image> A?"), "image": ["a.jpg", 5]}, "neither a path nor a list"),
        ({"conversations": turns(human="<image> <image> A?"), "image": ["a.jpg", ""]}, "an empty path"),
        (
            {"conversations": turns(human="<image>\nWhat?"), "image": ["a.jpg", "b.jpg"]},
            "2 times, once for each image (1",
        ),
        ({"conversations": turns("<image> What?", "<image> That."), "image": ["a.jpg", "b.jpg"]}, "1 in answers"),
        ({"conversations": turns(human="<image>\nWhat?"), "image": []}, "<image> without an image"),
    ],
)
def test_an_unusable_row_is_listed_with_its_reason(tmp_path: Path, row: dict[str, Any], expected: str) -> None:
    table = tabulated(tmp_path, [{"id": "good", "conversations": turns()}, row])
    assert [(usable.row, usable.id) for usable in table.rows] == [(0, "good")]
    assert table.rejected[0]["row"] == 1 and expected in table.rejected[0]["reason"]


@pytest.mark.parametrize(("value", "words"), [(5, "(5)"), (True, "(true)"), (None, "(null)"), (["a"], '(["a"])')])
def test_a_turn_that_is_no_text_is_not_called_empty(tmp_path: Path, value: Any, words: str) -> None:
    spoken = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": value}]
    assert reason(tmp_path, conversations=spoken) == f"the turn of gpt is no text {words}"


@pytest.mark.parametrize(
    "key",
    [
        *("video", "videos", "images", "image_path", "image_paths", "audio", "img", "pic", "Image", "image_1"),
        *("image-path", "image path", "media", "visual", "screenshot", "point_cloud", "pixel_values"),
    ],
)
def test_a_row_that_names_media_in_another_key_is_rejected_with_the_key(tmp_path: Path, key: str) -> None:
    assert f"`{key}` names media" in reason(tmp_path, **{key: ["1.jpg"]})


def test_a_row_is_known_to_name_media_by_a_files_suffix_too(tmp_path: Path) -> None:
    assert "`scan` names media" in reason(tmp_path, scan="patient/1.jpg")
    assert "`link` names media" in reason(tmp_path, link="http://example.org/1.jpg?size=2")
    assert "`content` names media" in reason(tmp_path, content="data:image/png;base64,AAAA")
    assert "`turn.clip` names media" in reason(tmp_path, conversations=[{**turns()[0], "clip": "a.mp4"}, turns()[1]])


@pytest.mark.parametrize(
    "described",
    [
        {"image_id": 42},
        {"image_id": "COCO_1"},
        {"url": "http://example.org/1.jpg"},
        {"source": "coco/train/1.JPG"},
        {"metadata": {"from": ["x", {"file": "clips/a.mp4"}]}},
    ],
)
def test_a_row_without_an_image_is_refused_if_its_description_names_one(
    tmp_path: Path, described: dict[str, Any]
) -> None:
    (key,) = described
    assert f"`{key}` names media" in reason(tmp_path, **described)
    assert unread_media({"image": "coco/1.jpg", **described}) == ""


def test_a_text_may_say_where_it_was_from(tmp_path: Path) -> None:
    for described in ({"source": "wiki"}, {"url": "http://example.org/paper.pdf"}, {"image_id": None}, {"width": 0}):
        assert unread_media({"conversations": turns(), **described}) == ""


def test_a_row_may_say_where_its_image_was_from() -> None:
    assert unread_media({"image": "coco/1.jpg", "image_url": "http://example.org/x", "file_name": "1.jpg"}) == ""
    assert unread_media({"image": "coco/1.jpg", "images": ["coco/1.jpg", "coco/2.jpg"]}) == "images"
    assert unread_media({"video": None, "images": [], "has_image": False}) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("<video>\nWhat happens?", "What happens? <audio>", "<Image1>\nWhat?", "<|image|> What?", "[IMG] What?"),
        *("<image>\n<video>\nWhat?", "<image/> What?", "What? <image_placeholder>", "<IMG_CONTEXT> What?"),
    ],
)
def test_a_placeholder_of_other_media_is_no_text(tmp_path: Path, text: str) -> None:
    assert "unread media" in reason(tmp_path, conversations=turns(text))


def test_a_tag_of_html_within_a_text_is_text(tmp_path: Path) -> None:
    assert reason(tmp_path, conversations=turns("How does <video> differ from <audio> in HTML?")) == ""


def test_keys_that_are_not_read_are_counted_and_descriptive_ones_are_not(tmp_path: Path) -> None:
    spoken = [{**turns()[0], "loss": False}, {**turns()[1], "weight": 2}]
    rows = [{"conversations": turns(), "model": "", "source": "x"}] + [
        {"conversations": spoken, "system": "Be brief."}
    ] * 2
    assert tabulated(tmp_path, rows).unused_keys == [
        {"key": key, "rows": 2, "first_row": 1} for key in ("system", "turn.loss", "turn.weight")
    ]


@pytest.mark.parametrize("faulty", ["nice \ud83d", "\udc00", "a\0b"])
def test_text_that_cannot_be_stored_rejects_its_row_alone(tmp_path: Path, faulty: str) -> None:
    rows = [{"conversations": turns()}, {"conversations": turns(gpt=faulty)}, {"id": faulty, "conversations": turns()}]
    table = tabulated(tmp_path, rows)
    write_table(tmp_path / "t.parquet", table.rows)
    write_lines(tmp_path / "rejected.jsonl", table.rejected)
    assert [row["row"] for row in table.rejected] == [1, 2]
    assert [row["reason"] for row in table.rejected if "Parquet cannot store" not in row["reason"]] == []


TEXTS = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["human", "gpt", "<image>", "a.jpg", "\ud83d"])
FINITE = st.floats(allow_nan=False, allow_infinity=False)  # JSON has no other numbers
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ANY_TURN = VALUES | st.fixed_dictionaries({"from": TEXTS, "value": VALUES}, optional={"video": VALUES})
ANY_ROW = st.dictionaries(TEXTS, VALUES, max_size=3) | st.fixed_dictionaries(
    {"conversations": st.lists(ANY_TURN, max_size=4) | st.just(turns())},
    optional={"id": VALUES, "image": VALUES, "images": VALUES, "system": VALUES},
)


@given(rows=st.lists(ANY_ROW, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_every_row_is_used_or_rejected_whatever_it_holds(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    table = tabulated(folder, rows)
    write_table(folder / "t.parquet", table.rows)
    write_lines(folder / "rejected.jsonl", table.rejected)
    write_lines(folder / "unused.jsonl", table.unused_keys)
    numbers = [row.row for row in table.rows] + [row["row"] for row in table.rejected]
    assert sorted(numbers) == list(range(len(rows)))


def test_too_many_unusable_rows_stop_the_study_with_their_list(tmp_path: Path) -> None:
    table = tabulated(tmp_path, [{"conversations": turns()}, {}])
    strict = TabulateSettings(file="rows.json", unusable=0.01)
    error = refusal(table, strict, False, tmp_path / "rows.json", tmp_path / "list.jsonl")
    assert re.search(r"1 of 2 rows cannot be used; the study allows 1\.00%", str(error)) and "list.jsonl" in str(error)


def test_a_refusal_counts_absent_images_by_folder(tmp_path: Path) -> None:
    rows = [{"image": f"{folder}/1.jpg", "conversations": turns("<image>\nWhat?")} for folder in ("coco", "coco", "vg")]
    table = tabulated(tmp_path, rows)
    error = refusal(table, TabulateSettings(file="rows.json"), False, tmp_path, tmp_path)
    assert "coco/1.jpg" in str(error) and "by first folder: coco/ 2, vg/ 1" in str(error)


@pytest.mark.parametrize("content", ["{}", "[1]", "[]"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rows.json").write_text(content)
    with pytest.raises(PipelineError, match=r"rows\.json"):
        tabulate(rows_of_file(tmp_path / "rows.json"), ImageReader([]), tmp_path / "rows.json")


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    source = [{"id": 7, "conversations": turns()}, {"id": "b", "conversations": turns("x", "y") * 2}]
    rows = tabulated(tmp_path, source).rows
    write_table(tmp_path / "t.parquet", rows)
    assert read_table(tmp_path / "t.parquet") == rows
    assert [row.id for row in read_table(tmp_path / "t.parquet", {1})] == ["b"]


def test_a_row_with_several_images_changes_no_other_row(tmp_path: Path) -> None:
    none, one = Conversation(0, "a", None, None, turns()), Conversation(1, "b", "1.jpg", "pin 1", turns("<image> A?"))
    several = Conversation(2, "c", ["1.jpg", "2.jpg"], ["pin 1", "pin 2"], turns("<image> or <image>?"))
    write_table(tmp_path / "t.parquet", [none, one])
    alone = read_table(tmp_path / "t.parquet")
    write_table(tmp_path / "t.parquet", [none, one, several])
    rows = read_table(tmp_path / "t.parquet")
    assert alone == [none, one] and rows == [none, one, several]
    assert several.images == [("1.jpg", "pin 1"), ("2.jpg", "pin 2")]
    pins = read_subset(tmp_path / "t.pins.parquet")
    assert [row.image_sha256 for row in pins] == [None, "pin 1", "pin 1 pin 2"]


def test_a_source_row_names_one_image_or_a_list(images: ImageReader, tmp_path: Path) -> None:
    asked = {"0.jpg": "<image>\nA?", ("0.jpg",): "<image>\nA?", ("0.jpg", "1.jpg"): "<image> or <image>?"}
    source = [
        {"image": name if isinstance(name, str) else list(name), "conversations": turns(text)}
        for name, text in asked.items()
    ]
    (tmp_path / "rows.json").write_text(json.dumps(source))
    table = tabulate(rows_of_file(tmp_path / "rows.json"), images, tmp_path)
    assert [row.image for row in table.rows] == ["0.jpg", "0.jpg", ["0.jpg", "1.jpg"]]
    assert [pin for _, pin in table.rows[2].images] == [images.row(name).pin for name in ("0.jpg", "1.jpg")]


def test_of_several_images_the_list_names_the_one_that_is_absent(images: ImageReader, tmp_path: Path) -> None:
    source = [{"image": ["0.jpg", "9.jpg"], "conversations": turns("<image> or <image>?")}]
    (tmp_path / "rows.json").write_text(json.dumps(source))
    (rejected,) = tabulate(rows_of_file(tmp_path / "rows.json"), images, tmp_path).rejected
    assert rejected["image"] == "9.jpg" and rejected["reason"].startswith("no dataset holds this image: 9.jpg")


def choose(fraction: float, count: int, seed: int = 0) -> list[int]:
    return [row.row for row in digest_rank.choose(digest_rank.Settings(fraction=fraction), seed, numbered(count))]


def numbered(count: int) -> list[Conversation]:
    return [Conversation(number, str(number), None, None, turns()) for number in range(count)]


def test_the_chosen_rows_never_change() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert sorted(choose(golden["fraction"], golden["rows"], golden["seed"])) == golden["chosen"]


@given(st.integers(2, 300), st.integers(0, 5), st.floats(0.02, 1.0), st.floats(0.02, 1.0))
def test_counts_are_exact_and_fractions_nest(count: int, seed: int, one: float, other: float) -> None:
    small, large = sorted((max(one, 1 / count + 0.001), max(other, 1 / count + 0.001)))
    inner, outer = choose(min(small, 1.0), count, seed), choose(min(large, 1.0), count, seed)
    assert len(inner) == int(count * min(small, 1.0))
    assert set(inner) <= set(outer)


def test_a_subset_larger_than_its_table_is_refused() -> None:
    with pytest.raises(PipelineError, match="cannot take 11 of 10 rows"):
        digest_rank.choose(digest_rank.Settings(count=11), 0, numbered(10))


def test_a_subset_pins_the_content_of_its_rows(tmp_path: Path) -> None:
    table = [Conversation(number, str(number), None, None, turns(str(number))) for number in range(10)]
    write_table(tmp_path / "t.parquet", table)
    settings = SampleSettings(sample=digest_rank.Settings(fraction=0.5), seed=0)
    write_subset(tmp_path / "s.parquet", sample(table, settings))
    write_pins(tmp_path / "pins.parquet", sample_pins(tmp_path / "t.pins.parquet", settings))
    assert (tmp_path / "pins.parquet").read_bytes() == (tmp_path / "s.parquet").read_bytes()
    rows = subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")
    assert {row.row for row in rows} == {row.row for row in digest_rank.choose(settings.sample, 0, table)}
    assert [row.row for row in rows] == sorted(row.row for row in rows) and len(rows) == 5
    first = rows[0].row
    table[first] = Conversation(first, str(first), None, None, turns("another question"))
    write_table(tmp_path / "t.parquet", table)
    with pytest.raises(PipelineError, match="differs from the one that the subset pins"):
        subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")
    write_table(tmp_path / "t.parquet", table[:first] + table[first + 1 :])
    with pytest.raises(PipelineError, match="rows of the subset are missing"):
        subset_conversations(tmp_path / "s.parquet", tmp_path / "t.parquet")


def test_images_in_folders_are_rows_whose_answer_is_their_folder(tmp_path: Path, images: ImageReader) -> None:
    paths = indexed_images([tmp_path / "images" / "index.parquet"])
    assert sorted(paths) == [f"{number}.jpg" for number in range(6)]
    source = RowSource(question="Which grade?")
    raws = list(source_rows(source, SourceFiles([], Path, [*paths, "b/3/no.png"])))
    table = tabulate(raws, images, "here")
    assert [row["image"] for row in table.rejected] == [*sorted(paths), "b/3/no.png"]  # six in no folder, one unknown
    labelled = [SourceRow(number, {**raws[-1].content, "image": path}) for number, path in enumerate(paths)]
    assert [row.image for row in tabulate(labelled, images, "here").rows] == paths
    assert image_names(["3/1.PNG", "readme.txt"], ["train/"]) == ["train/3/1.PNG"]
    assert raws[-1].content == {
        "id": "no",
        "image": "b/3/no.png",
        "conversations": [{"from": "human", "value": "<image>\nWhich grade?"}, {"from": "gpt", "value": "3"}],
    }


def test_a_rehearsal_that_sees_names_alone_counts_labelled_rows_as_the_table_does() -> None:
    named = ["train/1/b.JFIF", "train/0/c.png", "train/1/a.png", "train/2/d.heic"]
    indexed = [*named, "train/0/a_png", "train/1/scan.data"]  # whose first bytes are an image's
    source = RowSource(question="Which grade?")
    whole, names = (list(source_rows(source, SourceFiles([], Path, paths))) for paths in (indexed, named))
    assert whole[: len(named)] == names and len(whole) == len(indexed)
    files = [*(path.removeprefix("train/") for path in indexed), "0/readme.txt"]
    assert sorted(image_names(files, ["train/"])) == sorted(named)


def test_a_folder_may_have_an_answer_of_its_own() -> None:
    source = RowSource(question="Which grade?", answers={"3": "Grade 3: moderate.", "4": "Grade 4: severe."})
    rows = list(source_rows(source, SourceFiles([], Path, ["4/b.png", "3/a.png", "5/c.png"])))
    assert [row.content["conversations"][1]["value"] for row in rows] == ["Grade 3: moderate.", "Grade 4: severe.", ""]
    with pytest.raises(ValidationError, match="answers need a question"):
        RowSource.model_validate({"file": "a.json", "answers": {"3": "x"}})


@pytest.mark.parametrize("stated", [{}, {"file": "a.json", "question": "Which?"}])
def test_a_table_has_a_file_or_a_question(stated: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give either file, sets or question"):
        TabulateSettings.model_validate(stated)
    assert "question" not in TabulateSettings(file="a.json").model_dump()


def test_a_row_has_the_digest_of_its_canonical_json() -> None:
    for image in (None, 'a "b"\\é.jpg', ["1.jpg", "2.jpg"]):
        row = Conversation(7, "é\n", image, image, turns('"quoted"\t\u2028', "\x7f\x01"))
        assert row.digest() == digest_text(canonical_json(asdict(row)))


@pytest.mark.parametrize("several", [None, 1, 8])
def test_a_table_written_in_groups_has_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: int | None
) -> None:
    monkeypatch.setattr(writing, "GROUP", 3)
    rows = [Conversation(number, str(number), "a.jpg", "pin", turns(str(number))) for number in range(10)]
    if several is not None:
        rows[several] = Conversation(several, "several", ["a.jpg", "b.jpg"], ["pin", "other"], turns())
    write_table(tmp_path / "t.parquet", rows)
    assert read_table(tmp_path / "t.parquet") == rows
    assert [row.row_sha256 for row in read_subset(tmp_path / "t.pins.parquet")] == [row.digest() for row in rows]
