"""MMBench's answers without a letter, matched with the options by a judge: requests, replies, runs, and no judge."""

from pathlib import Path

import pytest

from pipeline_lib.benchmarks import ccbench, mmbench, mmbench_cn
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.benchmarks.families.judging import JudgeRequest
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.judging.judge import requests_about
from pipeline_lib.judging.settings import JudgingSettings
from tests.project import ROOT
from tests.recordings import write_lines
from tests.scored import score
from tests.unit.mmbench_table import answer, row, write

MILLION = 1_000_000
UNREAD = "something with whiskers and a wagging tail"
SETTINGS = JudgingSettings(benchmark="mmbench", protocol="llava15", files=FileNames(questions="q"), judge=None)


def requests(files: Files, answers: Path) -> dict[str, JudgeRequest]:
    """Return the requests about answers by the id of the question."""
    return {each.id: each for each in requests_about(answers, files, SETTINGS)}


def judge(folder: Path, files: Files, answers: Path, texts: dict[int, list[list[str]]]) -> Path:
    """Write the replies of a judge by the index of the row: a list of texts for every run."""
    digests = {name: request.digest for name, request in requests(files, answers).items()}
    rows = [
        {"id": str(index), "run": run, "texts": attempts, "request": digests[str(index)]}
        for index, runs in texts.items()
        for run, attempts in enumerate(runs)
    ]
    write_lines(folder / "replies.jsonl", rows)
    return folder / "replies.jsonl"


def test_only_an_answer_without_a_letter_has_a_request(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2), row(3), row(4)])
    texts = {1: "B", 2: "It is a dog.", 3: "I can't process this file.", 4: UNREAD}
    assert [*requests(files, answer(tmp_path / "a.jsonl", texts))] == ["4"]


def test_the_request_quotes_question_and_options_but_no_hint(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, hint="It barks.", D="")])
    request = requests(files, answer(tmp_path / "a.jsonl", {1: UNREAD}))["1"]
    assert len({attempt.messages for attempt in request.attempts}) == 1 and len(request.attempts) == 3
    content = request.attempts[0].messages[0].content
    assert content.startswith("You are an AI assistant who will help me to match an answer with several options")
    assert content.endswith(
        "Example 3: \nQuestion: What is it??\nOptions: There are several options: \nA. cat\nB. dog\nC. bird\n\n"
        f"Answer: {UNREAD}\nYour output: "
    )
    readable = [request.readable(text) for text in ("B", "Z", "The answer is C.", "dog", "hm", "A B", "D")]
    assert readable == [True, True, True, True, False, False, False]


@pytest.mark.parametrize("benchmark", [mmbench, mmbench_cn, ccbench])
def test_a_chinese_question_is_matched_in_chinese(benchmark: object, tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, question="这是什么")])
    (question,) = benchmark.questions(files, "internvl12")  # type: ignore[attr-defined]
    request = benchmark.request(question, "这是什么", UNREAD, "internvl12")  # type: ignore[attr-defined]
    assert request.attempts[0].messages[0].content.endswith(f"\n答案: {UNREAD}\n输出: ")


def test_the_judges_letter_counts_and_rules_come_first(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2), row(3, "A"), row(4)])
    answers = answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B", 3: UNREAD, 4: "A"})
    replies = judge(tmp_path, files, answers, {1: [["B"]], 3: [["C"]]})
    scored = score("mmbench", files, answers, replies=[replies])
    assert (scored["metrics"]["accuracy"], scored["unparsed"], scored["status"]) == (0.5, 0, "complete")
    assert scored["judge"]["replies"] == 2


def test_a_reply_that_no_option_matches_is_wrong_and_unparsed(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    answers = answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B"})
    scored = score("mmbench", files, answers, replies=[judge(tmp_path, files, answers, {1: [["Z"]]})])
    assert (scored["metrics"]["accuracy"], scored["unparsed"], scored["coverage"]) == (0.5, 1, 1)


def test_one_unreadable_reply_judges_nothing_and_three_are_drawn_and_counted(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    answers = answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B"})
    once = score("mmbench", files, answers, replies=[judge(tmp_path, files, answers, {1: [["hm"]]})])
    assert (once["coverage"], once["judge"]["unjudged"]) == (0.5, {"unreadable reply": 1})
    assert once["bounds"]["accuracy"] == [0.5, 1]
    replies = judge(tmp_path, files, answers, {1: [["hm", "hm", "hm"]]})
    thrice = [score("mmbench", files, answers, replies=[replies]) for _ in range(2)]
    assert (thrice[0]["coverage"], thrice[0]["unparsed"]) == (1, 1) and thrice[0] == thrice[1]


def test_a_group_is_right_in_a_run_that_has_all_its_copies_right(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(1 + MILLION)])
    answers = answer(tmp_path / "a.jsonl", {1: UNREAD, 1 + MILLION: UNREAD})
    runs = {1: [["B"], ["B"], ["A"]], 1 + MILLION: [["A"], ["B"], ["B"]]}
    scored = score("mmbench", files, answers, replies=[judge(tmp_path, files, answers, runs)])
    assert scored["judge"]["runs"] == [0, 1, 0]
    assert scored["metrics"]["accuracy"] == pytest.approx(1 / 3)
    assert scored["metrics"]["accuracy/rows"] == pytest.approx(2 / 3)


def test_without_a_judge_the_rules_decide_alone(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    scored = score("mmbench", files, answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B"}))
    assert (scored["metrics"]["accuracy"], scored["unparsed"], scored["coverage"]) == (0.5, 1, 1)
    assert "judge" not in scored and "unjudged" not in scored["marks"]


def test_replies_about_other_answers_do_not_count(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    replies = judge(tmp_path, files, answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B"}), {1: [["B"]]})
    scored = score("mmbench", files, answer(tmp_path / "b.jsonl", {1: "whiskers", 2: "B"}), replies=[replies])
    assert scored["judge"]["unjudged"] == {"replies about another answer": 1}


def test_a_log_of_vlmevalkit_is_no_file_of_replies(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"1": {"hit": 1, "log": "Rolling 0 Matched."}}')
    with pytest.raises(PipelineError, match="no file of VLMEvalKit"):
        mmbench.recorded(tmp_path / "result.json")


def test_a_study_has_a_judge_job_of_mmbench_only_if_it_names_a_judge(tmp_path: Path) -> None:
    text = (ROOT / "config.yaml").read_text()
    judge = "    judge: {name: file, files: [r.jsonl]}\n    replies: digits_mmbench\n"
    (tmp_path / "plain.yaml").write_text(text)
    (tmp_path / "judged.yaml").write_text(
        text.replace("    images: [digits_mmbench]\n", f"    images: [digits_mmbench]\n{judge}")
    )
    studies = [load_study(tmp_path / name) for name in ("plain.yaml", "judged.yaml")]
    assert [Paths(each, "r").judged("full", "mmbench") for each in studies] == [[], ["r/judged/full/mmbench"]]
