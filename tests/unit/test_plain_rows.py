"""Recognising many rows at once: never one with a fault, and the same conversations as one by one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.conversations.plain_rows import plain_rows
from pipeline_lib.conversations.row_faults import row_fault
from pipeline_lib.conversations.row_keys import unused_keys
from pipeline_lib.conversations.source_rows import SourceRow
from pipeline_lib.conversations.tabulate import _conversation
from pipeline_lib.conversations.writing import digest
from pipeline_lib.images.index import IndexRow, write_index
from pipeline_lib.images.reader import ImageReader

TEXTS = st.sampled_from(
    [
        *(
            "What?",
            "<image>\nWhat?",
            "What?\n<image>",
            "<image>",
            "",
            " \n",
            "\x1f",
            "a\0b",
            "é 漢 🎉",
            "\ud800",
            "a[0.1, 0.2]",
        ),
        *(
            "<video> What?",
            "What? [image]",
            "<im<image>age>",
            "x < y",
            "<b>bold</b>",
            "<image><image> two",
            "<IMAGE> x",
        ),
    ]
)
VALUES = TEXTS | st.none() | st.integers() | st.lists(TEXTS, max_size=2)
KEYS = st.sampled_from(["from", "value", "weight", "image"])
TURN = st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt", "system"]), "value": TEXTS})
PAIR = st.tuples(TEXTS, TEXTS).map(
    lambda pair: [{"from": "human", "value": pair[0]}, {"value": pair[1], "from": "gpt"}]
)
TURNS = st.lists(PAIR, max_size=3).map(lambda pairs: [turn for pair in pairs for turn in pair])
ODD = st.lists(TURN | st.dictionaries(KEYS, VALUES, max_size=3) | VALUES, max_size=4)
PATHS = st.sampled_from(
    ["kept.jpg", "clean.jpg", "quarantined.jpg", "absent.jpg", "", "  ", "\ud800", 3, None, ["kept.jpg"]]
)
ROWS = st.fixed_dictionaries(
    {"id": VALUES, "conversations": TURNS | ODD | VALUES},
    optional={"image": PATHS, "image_id": VALUES, "video": VALUES, "note": VALUES},
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageReader:
    """Return the reader of two usable images and an unusable one."""
    facts = {"reason": "JPEG", "container": "raw", "member": "m", "offset": 0, "size": 1, "width": 1, "height": 1}
    rows = [
        IndexRow(path=f"{name}.jpg", status=status, frames=1, source_sha256=name, sha256=name, pixels=rule, **facts)
        for name, status, rule in [
            ("clean", "kept", "clean"), ("kept", "kept", "any"), ("quarantined", "quarantined", "any"),
        ]
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("index") / "index.parquet"
    write_index(path, rows)
    return ImageReader([path])


@given(st.lists(ROWS, max_size=4))
def test_a_plain_row_has_no_fault_and_its_conversation(images: ImageReader, rows: list[dict[str, Any]]) -> None:
    group = [SourceRow(number, content) for number, content in enumerate(rows)]
    for row, plain in zip(group, plain_rows(group, images), strict=True):
        if plain is not None:
            assert row_fault(row.content, images) == "" and not unused_keys(row.content)
            assert plain == _conversation(row.number, row.content, images)
            assert digest(plain) == plain.digest()


@pytest.mark.parametrize("image", ["kept.jpg", "clean.jpg", None])
@pytest.mark.parametrize("text", ["What?", "x < y", "boxes [0.1, 0.2] and [0.3, 0.4]", "é 漢 🎉", "<b>bold</b>"])
def test_a_row_like_those_of_the_original_is_plain(images: ImageReader, text: str, image: str | None) -> None:
    shown = text if image is None else f"<image>\n{text}"
    turns = [{"from": "human", "value": shown}, {"from": "gpt", "value": text}]
    named = {} if image is None else {"image": image}
    (plain,) = plain_rows([SourceRow(0, {"id": "a", **named, "conversations": turns})], images)
    assert plain is not None and plain.image == image
