"""Scores of runs that review their answers: metrics by turn, what changed, how the first answers were wrong, costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.cli.main import app
from pipeline_lib.scoring.gather import GatherSettings, gather
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.sections import section_of
from tests.recordings import write_json
from tests.scored import scored_answers
from tests.unit.test_pope import write, write_benchmark

SETTINGS = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"))
WRONG = {"yes": "no", "no": "yes"}
Texts = tuple[str | None, ...]  # of the turns; None: failed


def conversations(files: Files, path: Path, say: Any, tokens: int | None = 3) -> Path:
    """Write an answer record to every question; `say` gets the number of the question and its gold."""
    questions = pope.questions(files, "llava15")
    gold = pope.gold(files, questions, "llava15")
    return write(path, [_record(q, say(n, gold[q.id]), tokens) for n, q in enumerate(questions)])


def _record(question: Any, texts: Texts, tokens: int | None) -> dict[str, Any]:
    metadata = {"model": "m", "tokens": tokens, "stop": "end"}
    *earlier, last = texts
    return {
        **{"question_id": int(question.id), "prompt": question.prompt, "text": last or "the reason"},
        "metadata": metadata,
        "earlier": [{"text": text, "metadata": metadata, "then": "Sure?"} for text in earlier],
        **({} if last else {"status": "failed"}),
    }


def review_of(folder: Path, say: Any, tokens: int | None = 3, **settings: Any) -> dict[str, Any]:
    files = write_benchmark(folder)
    answers = conversations(files, folder / "answers.jsonl", say, tokens)
    score = scored_answers(answers, files, SETTINGS.model_copy(update=settings)).score
    review: dict[str, Any] = score["review"]
    return {**review, "whole": score}


def some(number: int, gold: str) -> Texts:
    """Correct the questions 0, 4, … and spoil 1, 5, …; 2, 6, … are right and 3, 7, … wrong in both turns."""
    wrong = WRONG[gold]
    return ((wrong, gold), (gold, wrong), (gold, gold), (wrong, wrong))[number % 4]


def test_metrics_changes_errors_and_costs_of_two_turns(tmp_path: Path) -> None:
    review = review_of(tmp_path, some)
    first, last = review["after"]
    assert (first["metrics"]["accuracy"], last["metrics"]["accuracy"]) == (0.5, 0.5)
    assert last["metrics"] == review["whole"]["metrics"] and last["interval"] == review["whole"]["interval"]
    assert (first["turn"], first["right"], first["tokens"], first["tokens_per_question"]) == (1, 12, 72, 3.0)
    assert (last["tokens"], last["tokens_per_question"], last["tokens_per_right"]) == (144, 6.0, 12.0)
    (change,) = review["changes"]
    counts = {"wrong_right": 6, "right_wrong": 6, "right_right": 6, "wrong_wrong": 6, "not_counted": 0}
    assert change.items() >= counts.items() and (change["from"], change["to"]) == (1, 2)
    assert change["rates"] == {"gain": 0.0, "corrected": 0.5, "spoilt": 0.5}
    assert all(low <= change["rates"][name] <= high for name, (low, high) in change["interval"].items())
    assert sorted(change["parts"]) == ["adversarial", "popular", "random"]
    assert {sum(each.values()) for each in change["parts"].values()} == {8}
    assert review["errors"] == {"other answer": {"first": 12, "corrected": 6}}
    assert (review["turns"], review["until"], review["note"]) == (2, None, None)


def test_three_turns_have_the_changes_of_each_and_of_all(tmp_path: Path) -> None:
    review = review_of(tmp_path, lambda n, gold: (WRONG[gold], gold, gold if n % 2 else WRONG[gold]))
    assert [(each["from"], each["to"], each["wrong_right"]) for each in review["changes"]] == [
        (1, 2, 24),
        (2, 3, 0),
        (1, 3, 12),
    ]
    assert [each["right"] for each in review["after"]] == [0, 24, 12]
    assert review["after"][0]["tokens_per_right"] is None  # nothing was right


def test_the_kinds_of_wrong_first_answers_come_from_their_grades(tmp_path: Path) -> None:
    def say(number: int, gold: str) -> Texts:
        return {1: ("", gold), 0: (None,), 2: (WRONG[gold], None)}.get(number, (gold, gold))

    review = review_of(tmp_path, say)
    errors = {name: tuple(each.values()) for name, each in review["errors"].items()}
    assert errors == {"empty": (1, 1), "failed": (1, 0), "other answer": (1, 0)}
    (change,) = review["changes"]
    assert change["not_counted"] == 2
    assert [each["failed"] for each in review["after"]] == [1, 2]
    assert review["after"][1]["tokens"] == 3 * (23 + 22)  # what failed has no answer


def test_an_unknown_count_of_tokens_makes_no_cost(tmp_path: Path) -> None:
    review = review_of(tmp_path, some, tokens=None)
    assert {each[name] for each in review["after"] for name in ("tokens", "tokens_per_right")} == {None}


@pytest.mark.parametrize("tokens", [-1, 10**400, 2**63, True, 3.5, "3"])
def test_what_cannot_be_a_count_of_tokens_makes_no_cost(tmp_path: Path, tokens: Any) -> None:
    after = review_of(tmp_path, lambda n, gold: (gold, gold), tokens)["after"]
    assert {(each["tokens"], each["tokens_per_question"], each["tokens_per_right"]) for each in after} == {(None,) * 3}


def test_the_section_of_every_turn_is_scored_and_the_rules_are_counted(tmp_path: Path) -> None:
    def say(number: int, gold: str) -> Texts:
        first = f"<REASONING> {WRONG[gold]} </REASONING> <CONCLUSION> {gold} </CONCLUSION>"
        return (first, (gold, f"<CONCLUSION>{gold}", first)[number % 3])

    review = review_of(tmp_path, say, answer_in="CONCLUSION")
    assert [each["metrics"]["accuracy"] for each in review["after"]] == [1.0, 1.0]
    assert review["whole"]["answer_in"] == {"tag": "CONCLUSION", "closed": 8, "open": 8, "whole": 8}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<C> A </C>", ("A", "closed")),
        ("<C> A </C> then <C>B</C>.", ("B", "closed")),
        ("<C> A", ("A", "open")),
        (" A </C>", (" A </C>", "whole")),
        ("<c>A</c>", ("<c>A</c>", "whole")),
        ("", ("", "whole")),
    ],
)
def test_an_answer_is_read_in_its_section_or_whole(text: str, read: tuple[str, str]) -> None:
    assert section_of(text, "C") == read


def test_a_score_of_single_answers_has_none_of_this(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    rows = [{"question_id": int(q.id), "prompt": q.prompt, "text": "yes"} for q in pope.questions(files, "llava15")]
    score = scored_answers(write(tmp_path / "a.jsonl", rows), files, SETTINGS).score
    assert not {"review", "answer_in"} & score.keys()


def test_a_judge_reads_the_last_answers_alone_and_the_score_says_so(tmp_path: Path) -> None:
    row = {"imagename": "a.jpg", "answer": "a cat", "capability": ["rec"], "question": "What?"}
    write_json(tmp_path / "mm-vet.json", {"v1_0": row, "v1_1": row})
    metadata = {"model": "m", "tokens": 2}
    texts = [{"question_id": f"v1_{n}", "prompt": "What?", "text": "a cat", "metadata": metadata} for n in range(2)]
    rows = [{**each, "earlier": [{"text": "a dog", "metadata": metadata, "then": "Sure?"}]} for each in texts]
    settings = ScoreSettings(benchmark="mm_vet", files=FileNames(questions="q"))
    answers = write(tmp_path / "a.jsonl", rows)
    score = scored_answers(answers, Files(tmp_path / "mm-vet.json"), settings).score
    review = score["review"]
    assert review["note"].startswith("a judge reads the last answers alone")
    assert (review["changes"], review["errors"]) == ([], None)
    assert [each["metrics"] for each in review["after"]] == [None, score["metrics"]]
    assert [each["tokens"] for each in review["after"]] == [4, 8]


def test_the_command_prints_what_the_reviews_changed(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = conversations(files, tmp_path / "answers.jsonl", some)
    line = [
        "score",
        str(answers),
        "--benchmark",
        "pope",
        "--questions",
        str(files.questions),
        "--gold",
        str(files.gold),
    ]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.exception
    assert "after turn 2: f1 0.667" in done.stdout and "144 tokens, 6.0 a question, 12.0 a right answer" in done.stdout
    assert "turn 1 to 2: 6 wrong \u2192 right, 6 right \u2192 wrong" in done.stdout
    assert "first answers that were wrong: other answer 12 (6 corrected)" in done.stdout
    score = json.loads(CliRunner().invoke(app, [*line, "--json", "--answer-in", "CONCLUSION"]).stdout)
    assert score["answer_in"]["whole"] == 24


def test_the_gathered_score_has_the_review_of_its_run(tmp_path: Path) -> None:
    score = review_of(tmp_path, some)["whole"]
    write_json(tmp_path / "score.json", score)
    gathered = gather([tmp_path / "score.json"], GatherSettings(benchmark="pope", protocol="llava15", runs=["sco"]))
    assert gathered["runs"]["sco"]["review"]["after"][1]["tokens"] == 144
    assert gathered["runs"]["sco"]["metrics"]["accuracy"] == 0.5
