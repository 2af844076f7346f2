"""`vlmflow score --protocols`: the same answers by several protocols, and the answers whose grades differ."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, write_lines

# Options A cat, B dog, C bird; the gold answer is B. By which protocols each answer is right, as the original scorers
# grade it.
RIGHT = {
    "B": {"llava15", "internvl12", "lmms_eval", "vlmevalkit"},
    "B.": {"internvl12", "lmms_eval", "vlmevalkit"},
    "b": {"lmms_eval"},
    "(B)": {"internvl12", "vlmevalkit"},
    "dog": {"internvl12", "vlmevalkit"},
    "The answer is B.": {"llava15", "vlmevalkit"},
}
LETTER = "Answer with the option's letter from the given choices directly."


def quiz(folder: Path, with_image: bool = True) -> list[str]:
    """Write a question for every answer, and the answers; return the options of the command."""
    prompt = f"Which is it?\nA. cat\nB. dog\nC. bird\n{LETTER}"
    questions = [
        {
            "id": str(number),
            **({"image": f"{number}/image.png"} if with_image else {}),
            "conversations": [
                {"from": "human", "value": f"<image>\n{prompt}" if with_image else prompt},
                {"from": "gpt", "value": "B"},
            ],
        }
        for number in range(len(RIGHT))
    ]
    (folder / "questions.json").write_text(json.dumps(questions))
    write_lines(folder / "a.jsonl", [{"question_id": str(n), "text": text} for n, text in enumerate(RIGHT)])
    command = ["score", str(folder / "a.jsonl"), "--benchmark", "scienceqa"]
    return [*command, "--questions", str(folder / "questions.json"), "--protocols"]


def table(command: list[str]) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def test_answers_that_protocols_grade_differently_are_listed_with_all_grades(tmp_path: Path) -> None:
    compared = table([*quiz(tmp_path), "all"])
    right = {
        row["answer"]: {name for name, grade in row["grades"].items() if grade["value"]}
        for row in compared["disagreements"]
    }
    assert right == {text: names for text, names in RIGHT.items() if text != "B"}
    accuracy = {name: scored["metrics"]["accuracy"] for name, scored in compared["protocols"].items()}
    counted = {name: sum(name in names for names in RIGHT.values()) / len(RIGHT) for name in accuracy}
    assert accuracy == pytest.approx(counted)


def test_the_text_has_a_line_for_every_protocol_and_every_difference(tmp_path: Path) -> None:
    text = CliRunner().invoke(app, [*quiz(tmp_path), "llava15,lmms_eval"]).stdout
    assert "the same answers by 2 protocols" in text and "answers read as llava" in text
    assert "3 of 6 answers have different grades:" in text
    assert "llava15 0 (None, none)  lmms_eval 1 ('B', " in text


def test_a_protocol_that_cannot_score_the_answers_says_why(tmp_path: Path) -> None:
    compared = table([*quiz(tmp_path, with_image=False), "all"])  # `internvl12` asks only questions with an image
    assert "no question that scienceqa asks by internvl12" in compared["protocols"]["internvl12"]["not_scored"]
    assert all(row["grades"].keys() == {"llava15", "lmms_eval"} for row in compared["disagreements"])


def test_a_limited_or_marked_score_says_so_for_every_protocol(tmp_path: Path) -> None:
    command = quiz(tmp_path)
    write_lines(tmp_path / "a.jsonl", [{"question_id": str(n), "text": "B"} for n in range(6)])
    for scored in table([*command, "all", "--slice", "2"])["protocols"].values():
        assert (scored["status"], scored["scope"]["answered"], scored["scope"]["of"]) == ("partial", 2, 6)
    text = CliRunner().invoke(app, [*command, "all", "--slice", "2"]).stdout
    assert text.count("PARTIAL, slice 2: 2 of 6 questions scored") == 4
    write_lines(tmp_path / "a.jsonl", [{"question_id": str(n), "text": ""} for n in range(6)])
    assert CliRunner().invoke(app, [*command, "all"]).stdout.count("MARKED unparsed") == 4


def test_what_a_tool_has_read_from_the_replies_is_said(tmp_path: Path) -> None:
    command = quiz(tmp_path)
    rows = [{"question": "Which is it?", "answer": "B", "gt_answers": "B", "data_id": str(n)} for n in range(6)]
    write_lines(tmp_path / "a.jsonl", rows)
    (note,) = table([*command, "all"])["notes"]
    assert "already read letters" in note


@pytest.mark.parametrize(("names", "message"), [("lmms", "no such protocol"), ("llava15,,", "no such protocol")])
def test_an_unknown_protocol_is_refused(tmp_path: Path, names: str, message: str) -> None:
    done = CliRunner().invoke(app, [*quiz(tmp_path), names])
    assert isinstance(done.exception, PipelineError) and message in str(done.exception)


def test_recorded_answers_are_graded_alike_by_two_protocols(recorded: Recordings) -> None:
    folder = recorded.folder / "mme"
    options = ["--questions", str(folder / "llava_mme.jsonl"), "--gold", str(folder / "gold"), "--protocols", "all"]
    compared = table(["score", str(folder / "llava-v1.5-13b.jsonl"), "--benchmark", "mme", *options])
    assert compared["protocols"].keys() == {"llava15", "internvl12", "lmms_eval", "vlmevalkit"}
    values = {name: scored["metrics"] for name, scored in compared["protocols"].items()}
    assert values["internvl12"] == values["lmms_eval"] == values["llava15"] and compared["disagreements"] == []


@pytest.mark.parametrize("options", [["--published", "llava15_13b"], ["--write", "out"]])
def test_options_of_a_single_score_are_refused_beside_several_protocols(tmp_path: Path, options: list[str]) -> None:
    done = CliRunner().invoke(app, [*quiz(tmp_path), "all", *options])
    assert isinstance(done.exception, PipelineError) and f"where: {options[0]}" in str(done.exception)


def test_only_the_answers_of_the_part_that_is_asked_are_counted(tmp_path: Path) -> None:
    assert table([*quiz(tmp_path), "all", "--slice", "2"])["answered"] == 2


def test_two_parts_at_once_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*quiz(tmp_path), "all", "--slice", "2", "--limit", "2"])
    assert isinstance(done.exception, PipelineError) and "--limit and --slice" in str(done.exception)


@pytest.mark.parametrize(
    ("benchmark", "message"),
    [("scienceq", "did you mean 'scienceqa'"), ("mathvista", "no protocol llava15, the default")],
)
def test_an_unknown_benchmark_or_default_protocol_is_refused(tmp_path: Path, benchmark: str, message: str) -> None:
    command = [benchmark if word == "scienceqa" else word for word in quiz(tmp_path)[:-1]]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, PipelineError) and message in str(done.exception)


def test_options_ranked_by_a_token_are_no_reading_of_texts(tmp_path: Path) -> None:
    command = quiz(tmp_path)
    assert "first_token" not in table([*command, "all"])["protocols"]
    named = table([*command, "llava15,first_token"])["protocols"]["first_token"]
    assert named["metrics"]["accuracy"] == pytest.approx(1 / len(RIGHT)) and named["status"] == "unparsed"
