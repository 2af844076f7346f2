"""Objects parsed at once: those of the strict parser, or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.core.json_pieces import plain_objects
from pipeline_lib.core.json_text import STRICT_DECODER

KEYS = st.sampled_from(["a", "b", 'c"', "d\\", 'e":', "é", " "])
PLAIN = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5) | KEYS
TURNS = st.lists(st.dictionaries(KEYS, PLAIN | st.lists(PLAIN, max_size=1), max_size=3) | PLAIN, max_size=3)
OBJECTS = st.lists(st.dictionaries(KEYS, PLAIN | st.floats() | TURNS | st.dictionaries(KEYS, PLAIN), max_size=4))
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (",", " : "), (",\n", "\t:")])


@given(OBJECTS, SEPARATORS, st.booleans(), st.data())
def test_the_objects_are_those_of_the_strict_parser(
    objects: list[dict[str, object]], separators: tuple[str, str], ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(objects, separators=separators, ensure_ascii=ascii_only)[1:-1]
    cut = data.draw(st.integers(0, len(text)))
    for part in (text, text[:cut], text.replace('"b"', '"a"')):
        parsed = plain_objects(part)
        if parsed is not None:
            assert json.dumps(parsed) == json.dumps(STRICT_DECODER.decode(f"[{part}]"))


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a" : 1, "a": "\\":"}', '{"a": [{"b": 1, "b": 2}]}', '{"a": 1e400}', '{"a": "\\ud800"}'],
)
def test_what_the_two_parsers_read_differently_is_left_to_the_strict_one(text: str) -> None:
    assert plain_objects(text) is None and plain_objects(f'{{"c": 1}},{text}') is None


def test_rows_of_conversations_are_read() -> None:
    row = {"id": 1, "image": None, "conversations": [{"from": "gpt", "value": 'He said: "yes": "no"\\'}], "tags": ["a"]}
    assert plain_objects(f"{json.dumps(row)},\n {json.dumps(row, indent=2)}") == [row, row]
