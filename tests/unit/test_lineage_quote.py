"""`vlmflow lineage quote`: numbers in a text that a marker ties to a value in a score file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.quote import read_quotes

SCORE = {"runs": {"full": {"metrics": {"accuracy": 0.9066666667, "change": -0.125}, "n": 3000, "model": "abc"}}}
TEXT = Path("paper.md")


@pytest.fixture(autouse=True)
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a score file be in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_text(json.dumps(SCORE))


def mark(pointer: str, number: str) -> str:
    return f"It reaches <!-- vlmflow s.json#/runs/full/{pointer} -->{number} on POPE.\n"


@pytest.mark.parametrize(
    ("pointer", "number", "equals"),
    [
        ("metrics/accuracy", "0.907", True),
        ("metrics/accuracy", "**0.9067**", True),
        ("metrics/accuracy", "90.7 %", True),
        ("metrics/accuracy", "91%", True),
        ("metrics/accuracy", "0.906", False),
        ("metrics/accuracy", "90.6 %", False),
        ("metrics/change", "\N{MINUS SIGN}0.125", True),
        ("metrics/change", "0.125", False),
        ("n", "3,000", True),
        ("n", "3001", False),
    ],
)
def test_a_number_equals_a_value_that_rounds_to_its_digits(pointer: str, number: str, equals: bool) -> None:
    TEXT.write_text(mark(pointer, number))
    (quote,) = read_quotes(TEXT)
    assert quote.equals is equals


def test_the_first_number_that_differs_is_named_with_its_line() -> None:
    TEXT.write_text("# A page\n" + mark("n", "3,000") + mark("metrics/accuracy", "0.91"))
    assert (
        CliRunner().invoke(app, ["lineage", "quote", "paper.md"]).output == "all 2 quoted numbers equal their files\n"
    )
    TEXT.write_text(TEXT.read_text().replace("0.91", "0.95") + mark("n", "1"))
    with pytest.raises(PipelineError) as raised:
        CliRunner().invoke(app, ["lineage", "quote", "paper.md"], catch_exceptions=False)
    assert "paper.md:3" in str(raised.value) and "quoted as 0.95; s.json#/runs/full/metrics/accuracy is" in str(
        raised.value
    )


def test_json_lists_every_number_and_the_exit_code_says_whether_all_agree() -> None:
    TEXT.write_text(mark("n", "3,000") + mark("n", "1"))
    done = CliRunner().invoke(app, ["lineage", "quote", "paper.md", "--json"])
    assert done.exit_code == 1 and [quote["equals"] for quote in json.loads(done.output)] == [True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no marker", "quotes no number"),
        (mark("n", "many"), "no number follows"),
        (mark("metric", "1"), "did you mean 'metrics'"),
        (mark("model", "1"), "no number"),
        ("<!-- vlmflow t.json#/n -->1", "does not exist"),
        ("<!-- vlmflow s.json -->1", "no value in it"),
    ],
)
def test_a_marker_without_number_file_or_value_is_an_error(text: str, message: str) -> None:
    TEXT.write_text(text)
    with pytest.raises(PipelineError, match=message.replace("?", r"\?")):
        read_quotes(TEXT)
