"""Readers: whatever somebody hands in, an error says where and what, and nothing waits for ever."""

import ast
import os
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.cli.main import main
from pipeline_lib.config.load import load_study, study_name, study_path
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.file_rows import FileRow, Identifier, Text, number_or_text, parse_row
from pipeline_lib.core.json_text import encodable, parse_json
from pipeline_lib.core.parquet import read_rows
from pipeline_lib.core.reading import read_bytes, read_text
from pipeline_lib.core.text import pretty_json, read_json, read_lines
from pipeline_lib.core.yaml_file import read_yaml
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.lineage.check import faults
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.records import Records
from tests.project import ROOT


def written(tmp_path: Path, content: str | bytes, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"a": 1,\n "a": 2}', ":2:2", "stands twice"),
        ('[{"a": 1},\n {"b": {"c": 1, "c": 2}}]', ":2:17, row 1", "stands twice"),
        ('{"a": NaN}', ":1:7", "not a finite"),
        ("[1,\n-Infinity]", ":2:1, row 1", "not a finite"),
        ("[1e999]", ":1:2, row 0", "not a finite"),
        (f"[{'9' * 5000}]", ":1:2, row 0", "more than 4300 digits"),
        ("[" * 100_000, ":1:101, row 0", "nested"),
        ('{"a":' * 200 + "1" + "}" * 200, ":1:", "nested"),
        ('[{}, {}, "x \\ud83d"]', ":1:10, row 2", "surrogate"),
        ('{"\\udc00": 1}', ":1:2", "surrogate"),
        ('{"a": [1, 2', ":1:12", "not valid JSON"),
    ],
)
def test_json_that_is_not_strict_is_named_with_its_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message) as caught:
        read_json(written(tmp_path, text))
    assert f"{tmp_path}/file{place}" in str(caught.value)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json('"\\ud83d\\ude00"', Path("x")) == "😀"


def test_a_caller_may_see_to_texts_that_utf8_cannot_hold(tmp_path: Path) -> None:
    rows = read_json(written(tmp_path, '[{"a": ["x"]}, {"a": ["\\ud83d"]}]'), keep_surrogates=True)
    assert [encodable(row) for row in rows] == [True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}\n" + "für\n".encode("latin-1"), r"not UTF-8(.|\n)*file:2"),
        ("text".encode("utf-16"), r"UTF-16(.|\n)*iconv"),
    ],
)
def test_text_in_another_encoding_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(PipelineError, match=message):
        read_text(path)
    with pytest.raises(PipelineError, match="UTF"):
        list(read_lines(path))


def test_a_mark_of_byte_order_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}\r\n')
    assert list(read_lines(path)) == [{"a": 1}, {"a": 2}]


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "a folder where a file belongs"),
        (make_pipe, "a pipe where a file belongs"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels"),
        (lambda path: path.symlink_to("nowhere"), "file not found"),
        (lambda path: path.symlink_to("/dev/zero"), "a device where a file belongs"),
    ],
)
def test_what_is_no_file_is_refused_by_name_and_not_waited_for(tmp_path: Path, make: Any, message: str) -> None:
    path = tmp_path / "x"
    make(path)
    for read in (read_bytes, read_json, read_rows, lambda path: list(read_lines(path)), lambda p: read_yaml(p, YAML())):
        with pytest.raises(PipelineError, match=message):
            read(path)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "more than 100000 values"),
        (MERGES, "more than 100000 values"),
        ("a: &a [*a]", "in itself by an alias"),
        ("[" * 5000, "nested"),
        ("a: 1\nb: 2024-13-45", r"not a value of its kind(.|\n)*file:2(.|\n)*2024-13-45"),
        ("a: 1\nb: !!int x", r"not a value of its kind(.|\n)*file:2"),
        ('a: 1\nb: "\\0"', r"no path or text can hold(.|\n)*file:2"),
        ('a: 1\nb: "\\ud800"', r"no path or text can hold(.|\n)*file:2"),
        ("a: 1\nb: \0", r"special characters(.|\n)*file:2"),
        ("a: 1\n%YAML 9.9\n---\nb: 2", r"unknown version(.|\n)*file:2"),
        ("a: 1\r%YAML 9.9\r---\rb: 2", "unknown version"),
        (f"a: 1\n{'? ' * 30}b: 2", r"a key is a mapping(.|\n)*file:2"),
        ("%YAML 2.0\n---\nb: 2", r"unknown version(.|\n)*file:1"),
        ("a: 1\na: 2", r"duplicate key(.|\n)*file:2"),
    ],
)
def test_yaml_that_is_none_or_has_no_end_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    for yaml in (YAML(), YAML(typ="safe", pure=True)):
        with pytest.raises(PipelineError, match=message):
            read_yaml(written(tmp_path, text), yaml)


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_a_study_holds_finite_numbers(tmp_path: Path, value: str) -> None:
    text = (ROOT / "studies/mini.yaml").read_text().replace("learning_rate: 1.0e-3", f"learning_rate: {value}")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if f"learning_rate: {value}" in each)
    with pytest.raises(PipelineError, match=rf"file:{line}: .*learning_rate.*finite number"):
        load_study(written(tmp_path, text))


def test_a_study_named_by_a_number_is_the_one_that_snakemake_reads_so(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    for name in ("2024", "010", "1e3", "mini"):
        written(tmp_path, "", f"studies/{name}.yaml")
    assert [study_name(value, tmp_path) for value in (2024, 10, 1000.0, "mini")] == ["2024", "010", "1e3", "mini"]
    written(tmp_path, "", "studies/10.yaml")
    for value in (10, 8, True, None, [1]):
        with pytest.raises(PipelineError, match="!!str NAME"):
            study_name(value, tmp_path)


@pytest.mark.parametrize("name", ["../mini", "a/b", "", "x\0", "-x", "/etc/passwd"])
def test_the_name_of_a_study_is_no_path(name: str) -> None:
    with pytest.raises(PipelineError, match="without folder"):
        study_path(name)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "the key `n` is missing"),
        ({"n": "1"}, "`n` is not a whole number"),
        ({"n": True}, "`n` is not a whole number"),
        ({"n": None}, "`n` is not a whole number"),
        ({"n": 2**70}, "`n` is not a whole number"),
    ],
)
def test_a_field_of_another_type_is_named_with_its_row(row: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=rf"{message}(.|\n)*where: a\.jsonl:3"):
        field(row, "n", int, "a.jsonl:3")


class NamedRow(FileRow):
    id: Identifier


class AnswersRow(FileRow):
    answers: list[Text] | int


def test_an_identifier_is_a_text_or_a_whole_number() -> None:
    assert [parse_row(NamedRow, {"id": value}, "no name", "").id for value in (7, "7a")] == ["7", "7a"]
    for wrong in (1.5, [1], True, "", None):
        with pytest.raises(PipelineError, match="no name"):
            parse_row(NamedRow, {"id": wrong}, "no name", "")


def test_an_identifier_is_written_as_the_number_that_it_is() -> None:
    assert [number_or_text(name) for name in ("0", "12", "012", "-1", "7a", "\u0663")] == [
        0,
        12,
        "012",
        "-1",
        "7a",
        "\u0663",
    ]
    assert number_or_text("9" * 5000) == "9" * 5000  # more digits than Python reads


def test_a_complaint_names_the_fields_and_no_types_of_pydantic() -> None:
    with pytest.raises(PipelineError) as fault:
        parse_row(AnswersRow, {"answers": "x"}, "no row", "a.jsonl:3")
    assert "answers: Input should be a valid list or Input should be a valid integer, not 'x'" in str(fault.value)
    with pytest.raises(PipelineError, match=r"answers\.0: .*; answers\.4: .*; and 5 more"):
        parse_row(AnswersRow, {"answers": [None] * 9}, "no row", "a.jsonl:3")


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        '{"files": 1}',
        '{"files": [1]}',
        '{"files": [{"path": "../x", "size": 0, "sha256": "0"}]}',
        '{"listing": 0}',
    ],
)
def test_a_broken_manifest_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(PipelineError, match=r"x\.manifest\.json"):
        Manifest(written(tmp_path, content, "x.manifest.json"), None)  # type: ignore[arg-type]


def test_all_broken_records_are_listed_with_what_else_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/records/fetch").mkdir(parents=True)
    written(tmp_path, '"x"', "data/records/fetch/a.json")
    written(tmp_path, '{"outputs": []}', "data/records/fetch/b.json")
    written(tmp_path, "{}", "data/x.manifest.json")
    with pytest.raises(PipelineError) as caught:
        faults(Records(Path()), CurrentState())
    for part in ("fetch/a.json", "fetch/b.json", "data/x.manifest.json: no record"):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", ["[]", '{"http://a": 1}', '{"http://a": {"sha256": 1}}', '{"a": {}, "a": {}}', ""])
def test_pins_that_are_none_are_refused_with_their_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(PipelineError, match="file"):
        Pins(written(tmp_path, content)).get("http://a")


def test_a_fault_of_the_disk_is_an_error_of_the_command_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise PermissionError(13, "Permission denied", "data/x")

    monkeypatch.setattr("pipeline_lib.cli.main.app", broken)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == "error: Permission denied\n  where: data/x\n"


def test_an_error_can_be_written_whatever_its_value(tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("\ud800", deep, 10**5000, "x" * 10**6):
        text = str(PipelineError("wrong", where="\udcff", value=value))
        assert len(text.encode()) < 3000
        pretty_json({"error": text})


def test_no_library_may_run_code_of_a_checkpoint() -> None:
    """Every `from_pretrained` says so itself, since the library's default is to ask at the terminal."""
    silent = [
        f"{path}:{node.lineno}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "from_pretrained"
        if "trust_remote_code=False" not in ast.unparse(node)
    ]
    assert silent == []
