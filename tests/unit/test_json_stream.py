"""Streamed JSON lists: the same elements and the same errors as from the parser of whole files."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.core import json_stream
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_stream import is_list, list_elements
from pipeline_lib.core.text import read_json

VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3))


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "PIECE", 5)


@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4)), st.sampled_from([None, 2]), st.booleans())
def test_the_elements_are_those_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], indent: int | None, ascii_only: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "rows.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=ascii_only))
    assert is_list(path) and list(list_elements(path)) == rows


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": }]',
        '[{"a": 1} {"a": 2}]',
        '[{"a": 1}, ]',
        '[{"a": 1}',
        '[{"a": 1}] []',
        '[{"a": 1, "a": 2}]',
        '[{"a": NaN}]',
        '[{"a": 1}, {"a": "cut',
        '[{"a": ' + "[" * 120 + "]" * 120 + "}]",
    ],
)
def test_a_fault_has_the_place_that_the_whole_file_gives_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(PipelineError) as whole:
        read_json(path, keep_surrogates=True)
    with pytest.raises(PipelineError) as streamed:
        list(list_elements(path))
    assert str(streamed.value) == str(whole.value)


def test_elements_that_are_no_objects_are_yielded_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1}, 2, "three"]')
    assert list(list_elements(path)) == [{"a": 1}, 2, "three"]
    path.write_text('{"a": []}')
    assert not is_list(path)
