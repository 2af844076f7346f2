"""Marks of scores whose answers are none: the number stands, and the mark beside it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks.base import FileNames, Grade, Question, Status, Verdict
from pipeline_lib.cli.main import app
from pipeline_lib.core.text import pretty_json
from pipeline_lib.scoring.gather import GatherSettings, gather
from pipeline_lib.scoring.notice import marked_runs, success_text
from pipeline_lib.scoring.quality import quality
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.shown import read_gathered
from tests.scored import scored_answers
from tests.unit import mmbench_table
from tests.unit.test_pope import answer_all, write_benchmark

Say = Callable[[Question, str], str | None]
LETTERS = "ABCDABCD"


def verdicts(texts: list[str | None], gold: str, status: Status = "ok") -> list[Verdict]:
    """Return verdicts that read every text as it stands."""
    states: list[Status] = ["missing" if text is None else status for text in texts]
    together = zip(texts, gold, states, strict=True)
    return [
        Verdict(Question("1", "?", (), "all"), right, text, Grade(text == right, text, "rule", state))
        for text, right, state in together
    ]


def pope(root: Path, say: Say, **settings: Any) -> dict[str, Any]:
    """Return the score of what `say` answers to POPE."""
    files = write_benchmark(root)
    settings = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"), **settings)
    answers = answer_all(files, root / "a.jsonl", say)
    return scored_answers(answers, files, settings).score


@pytest.mark.parametrize(
    ("say", "status"),
    [
        (lambda question, gold: "", "unparsed"),
        (lambda question, gold: " \n", "unparsed"),
        (lambda question, gold: "!!!!", "unparsed"),
        (lambda question, gold: "The image shows a street.", "unparsed"),
        (lambda question, gold: f"{question.id} {question.id}", "unparsed"),
        (lambda question, gold: question.prompt, "unparsed"),
        (lambda question, gold: "Yes", "collapsed"),
        (lambda question, gold: "No", "collapsed"),
        (lambda question, gold: f"Yes, it is {question.id}", "collapsed"),
        (lambda question, gold: "No" if question.id == "1" else gold, "complete"),
        (lambda question, gold: gold, "complete"),
        (lambda question, gold: "Yes" if int(question.id) % 3 else "No", "complete"),
        (lambda question, gold: None if question.id == "1" else gold, "partial"),
        (lambda question, gold: None if question.id == "1" else "", "unparsed"),
    ],
)
def test_a_score_made_of_nothing_is_not_complete(tmp_path: Path, say: Say, status: str) -> None:
    scored = pope(tmp_path, say)
    assert scored["status"] == status
    assert (status in ("unparsed", "collapsed")) == (status in scored["marks"])
    assert scored["metrics"]["f1"] is not None


def test_a_classifier_that_names_one_class_is_collapsed_whatever_its_probabilities() -> None:
    def answered(number: int, named: int) -> Verdict:
        share = 0.5 + number / 1000
        extracted = {"grade": named, "probabilities": [1 - share, share]}
        text = json.dumps({"predicted_label": named, "probabilities": extracted["probabilities"]})
        return Verdict(
            Question(str(number), "?", (), "all"), str(number % 2), text, Grade(0.5, extracted, "classified")
        )

    collapsed = quality([answered(number, 1) for number in range(40)])
    assert collapsed["status"] == "collapsed" and "read as" in collapsed["marks"]["collapsed"]
    assert quality([answered(number, number % 2) for number in range(40)])["marks"] == {}


@pytest.mark.parametrize("text", ["A", "B", "", "?", "cat", "A cat and a dog.", "E", "(C)"])
def test_one_and_the_same_answer_to_every_multiple_choice_is_marked(tmp_path: Path, text: str) -> None:
    files = mmbench_table.write(
        tmp_path / "t.tsv", [mmbench_table.row(index, letter) for index, letter in enumerate(LETTERS)]
    )
    answers = mmbench_table.answer(tmp_path / "a.jsonl", dict.fromkeys(range(len(LETTERS)), text))
    for protocol in ("llava15", "internvl12"):
        settings = ScoreSettings(benchmark="mmbench", protocol=protocol, files=FileNames(questions="q"))
        scored = scored_answers(answers, files, settings).score
        assert scored["status"] in ("unparsed", "collapsed")


def test_counts_and_shares_are_those_of_the_answers() -> None:
    found = quality(verdicts(["A", "A ", "B", "", None], "ABBAA"))
    assert {name: found[name] for name in ("unparsed", "empty", "equal", "missing")} == {
        "unparsed": 0, "empty": 1, "equal": 2, "missing": 1,
    }  # fmt: skip
    assert found["shares"] == {"unparsed": 0.0, "empty": 0.25, "equal": 0.5, "failed": 0.0, "missing": 0.2}
    assert found["most_frequent"] == "A"


def test_a_benchmark_whose_right_answers_are_equal_may_get_equal_answers() -> None:
    assert quality(verdicts(["A"] * 40, "A" * 40))["marks"] == {}
    assert quality(verdicts(["A"] * 40, "A" * 39 + "B"))["marks"] == {}
    assert quality(verdicts(["A"], "B"))["marks"] == {}
    assert "collapsed" in quality(verdicts(["A"] * 40, "A" * 36 + "BBBB"))["marks"]


def test_a_collapse_of_one_part_is_a_collapse_unless_the_part_is_small() -> None:
    parts = [*(["image"] * 25), *(["text"] * 75)]
    answers = verdicts(["A"] * 25 + ["A", "B", "C"] * 25, "ABCDE" * 20)
    answers = [
        replace(verdict, question=replace(verdict.question, part=part))
        for verdict, part in zip(answers, parts, strict=True)
    ]
    assert quality(answers)["marks"]["collapsed"].startswith("image: 25 of 25 answers are 'A'")
    assert quality(answers[:10] + answers[25:])["marks"] == {}


def test_the_threshold_is_a_setting(tmp_path: Path) -> None:
    few = verdicts(["x"], "A", "unparsed") + verdicts(["A", "B"] * 5, "AB" * 5)
    assert quality(few)["status"] == "unparsed"
    assert quality(few, 0.1)["status"] == "complete"
    assert pope(tmp_path, lambda question, gold: "", suspect_above=1.0)["marks"] == {}
    assert quality(verdicts(["A"] * 4, "ABAB"), 0.0)["status"] == "collapsed"
    assert quality(verdicts(["A", "A", "A", "B"], "ABAB"), 0.0)["status"] == "complete"


def test_many_missing_answers_are_marked_and_a_few_are_partial() -> None:
    many = quality(verdicts(["A", None, "B"], "ABB"))
    assert (many["status"], many["marks"]) == ("partial", {"missing": "1 of 3 questions have no answer"})
    few = quality(verdicts([*"AB" * 20, None], "AB" * 20 + "A"))
    assert (few["status"], few["marks"]) == ("partial", {})


def test_no_answers_have_no_shares() -> None:
    assert quality([])["shares"] == {"unparsed": None, "empty": None, "equal": None, "failed": None, "missing": None}


def test_a_mark_is_in_the_score_the_gathered_file_the_notice_and_the_commands(tmp_path: Path) -> None:
    scored = pope(tmp_path, lambda question, gold: "")
    reason = "24 of 24 answers are empty or say nothing that the scorer understands"
    assert scored["marks"]["unparsed"] == reason
    (tmp_path / "run.json").write_text(pretty_json(scored))
    settings = GatherSettings(benchmark="pope", protocol="llava15", runs=["full"])
    gathered = gather([tmp_path / "run.json"], settings)
    assert gathered["runs"]["full"]["marks"]["unparsed"] == reason
    (tmp_path / "my_pope_score.json").write_text(pretty_json(gathered))
    scores = read_gathered(tmp_path / "my_pope_score.json")
    assert f"my_pope of full is marked unparsed: {reason}" in marked_runs("my_pope", scores)
    assert reason in success_text(str(tmp_path), "vlmflow show", ["my_pope", "not_scored"], [])
    options = ["--benchmark", "pope", "--questions", str(tmp_path / "questions.jsonl")]
    command = ["score", str(tmp_path / "a.jsonl"), *options, "--gold", str(tmp_path / "labels")]
    printed = CliRunner().invoke(app, command).stdout
    assert reason in printed and "0.6667  [0.6667, 0.6667] (unparsed, collapsed, primary)" in printed
    said = {"answers_from": "llava", "notes": []}
    assert json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout) == {**scored, **said}


def test_marks_of_a_smoke_run_are_only_counted(tmp_path: Path) -> None:
    (tmp_path / "pope_score.json").write_text(pretty_json({"runs": {"full": pope(tmp_path, lambda _, gold: "")}}))
    text = success_text(str(tmp_path), "vlmflow show", ["pope"], [], smoke=True)
    assert text.splitlines()[1:] == ["They have 2 marks, as expected of random models; the command lists them."]


def test_an_unmarked_study_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "pope_score.json").write_text(pretty_json({"runs": {"full": pope(tmp_path, lambda _, gold: gold)}}))
    for smoke in (False, True):
        assert success_text(str(tmp_path), "vlmflow show", ["pope"], [], smoke).count("\n") == 0


def test_a_study_ends_well_though_somebody_put_something_else_in_place_of_a_score(tmp_path: Path) -> None:
    for text in ("[]", "{", '{"runs": [1]}'):
        (tmp_path / "pope_score.json").write_text(text)
        assert success_text(str(tmp_path), "vlmflow show", ["pope"], []).count("\n") == 0


def test_a_broken_score_of_one_run_hides_no_mark_of_another(tmp_path: Path) -> None:
    runs = {"broken": "x", "full": pope(tmp_path, lambda question, gold: "")}
    (tmp_path / "pope_score.json").write_text(pretty_json({"runs": runs}))
    assert "pope of full is marked unparsed" in success_text(str(tmp_path), "vlmflow show", ["pope"], [])
