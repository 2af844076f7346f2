"""MMVP by its own judge: the official question to GPT-4, yes and no, and pairs by run."""

from pathlib import Path

import pytest

from pipeline_lib.benchmarks import mmvp_judged
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.core.errors import PipelineError
from tests.recordings import write_lines
from tests.scored import answer_with, asked, score

TABLE = """Index,Question,Options,Correct Answer
1,Are the wings open?,(a) Open (b) Closed,(a)
2,Are the wings open?,(a) Open (b) Closed,(b)
3,Is it red?,(a) Yes (b) No,(b)
4,Is it red?,(a) Yes (b) No,(a)
"""


def write(folder: Path) -> tuple[Files, Path]:
    (folder / "Questions.csv").write_text(TABLE)
    files = Files(folder / "Questions.csv")
    answers = answer_with(
        folder / "a.jsonl", [(each, f"answer {each.id}") for each in asked("mmvp_judged", files, "official")]
    )
    return files, answers


def judge(folder: Path, words: dict[str, list[str]]) -> Path:
    """Write replies by id, one a run."""
    files = Files(folder / "Questions.csv")
    questions = {each.id: each for each in asked("mmvp_judged", files, "official")}
    gold = mmvp_judged.gold(files, list(questions.values()), "official")
    digests = {
        name: mmvp_judged.request(each, gold[name], f"answer {name}", "official").digest
        for name, each in questions.items()
    }
    write_lines(
        folder / "r.jsonl",
        [
            {"id": name, "run": run, "texts": [word], "request": digests[name]}
            for name, runs in words.items()
            for run, word in enumerate(runs)
        ],
    )
    return folder / "r.jsonl"


def test_the_request_is_that_of_the_official_grader(tmp_path: Path) -> None:
    files, _ = write(tmp_path)
    question = asked("mmvp_judged", files, "official")[1]
    gold = mmvp_judged.gold(files, [question], "official")["2"]
    (attempt,) = mmvp_judged.request(question, gold, "Closed.", "official").attempts
    assert [message.content for message in attempt.messages] == [
        "You are a helpful and precise assistant for checking the quality of the answer. "
        "Please answer in only yes or no.",
        "Given the following question Are the wings open? (a) Open (b) Closed, the correct answer is (b). "
        "Does the following answer correctly answers the question, answer:Closed.?",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("yes", "yes"),
        ("Yes", "yes"),
        ("NO", "no"),
        ("no\n", "no"),
        ("Yes.", None),
        (" yes", None),
        ("yes, it is", None),
        ("", None),
    ],
)
def test_only_the_bare_word_counts_as_in_the_official_expression(text: str, word: str | None) -> None:
    reading = mmvp_judged.read_yes_or_no(None, None, JudgeReply("1", 0, (text,), ""))  # type: ignore[arg-type]
    assert reading is not None
    assert (reading.extracted, reading.fallback) == (word or "neither", word is None)


def test_a_pair_is_right_if_both_answers_are_in_that_run(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    words = {"1": ["yes", "yes"], "2": ["yes", "no"], "3": ["no", "yes"], "4": ["yes", "Yes"]}
    scored = score("mmvp_judged", files, answers, "official", replies=[judge(tmp_path, words)])
    assert scored["metrics"] == {"accuracy": 0.5, "accuracy/rows": 0.75}
    assert scored["judge"]["runs"] == [0.5, 0.5]


def test_a_pair_that_is_half_judged_does_not_count(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    scored = score(
        "mmvp_judged", files, answers, "official", replies=[judge(tmp_path, {"1": ["yes"], "2": ["yes"], "3": ["yes"]})]
    )
    assert (scored["metrics"]["accuracy"], scored["metrics"]["accuracy/rows"]) == (1, 1)
    assert scored["judge"]["unjudged"] == {"no reply": 1}


def test_a_reply_that_is_neither_is_a_no_and_counted(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    words = {"1": ["yes"], "2": ["Yes."], "3": ["yes"], "4": ["yes"]}
    scored = score("mmvp_judged", files, answers, "official", replies=[judge(tmp_path, words)])
    assert (scored["metrics"]["accuracy"], scored["unparsed"]) == (0.5, 1)


def test_another_file_is_refused(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    (tmp_path / "g.json").write_text("{}")
    with pytest.raises(PipelineError, match="writes no file of replies"):
        score("mmvp_judged", files, answers, "official", replies=[tmp_path / "g.json"])


def test_an_unjudged_answer_leaves_its_pair_open(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    replies = judge(tmp_path, {"1": ["yes"], "2": ["yes"], "3": ["yes"]})
    scored = score("mmvp_judged", files, answers, "official", replies=[replies])
    assert (scored["metrics"]["accuracy"], scored["bounds"]) == (1, {"accuracy": [0.5, 1], "accuracy/rows": [0.75, 1]})
