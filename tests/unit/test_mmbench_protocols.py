"""MMBench, in English and Chinese, and CCBench by protocol: what each asks, how it reads letters, and who matches."""

import json
from pathlib import Path

import pytest

from pipeline_lib.benchmarks import ccbench, mmbench, mmbench_cn
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.core.plugins import load
from pipeline_lib.judging.judge import requests_about
from pipeline_lib.judging.settings import JudgingSettings
from tests.recordings import SAMPLES, write_lines
from tests.scored import official_verdicts, score
from tests.unit.mmbench_table import answer, row, write

ANIMALS = {"A": "cat", "B": "dog", "C": "bird"}
LISTED = "A. cat\nB. dog\nC. bird\nD. eel\n"
SELECT = "Please select the correct answer from the options above. \n"
LETTER = "Answer with the option's letter from the given choices directly."
UNREAD = "something with whiskers and a wagging tail"


@pytest.mark.parametrize("protocol", mmbench.PROTOCOLS)
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    for golden in official_verdicts("mmbench"):
        options = golden.get("options", ANIMALS)
        letter = mmbench.SCORER.readers[protocol](golden["answer"], options)[0]
        assert (letter if letter in options else None) == golden[protocol], golden["answer"]


def test_lmms_eval_asks_its_model_about_the_answers_that_its_rules_leave() -> None:
    for golden in official_verdicts("mmbench"):
        letter, _ = mmbench.READERS["lmms_eval"](golden["answer"], golden.get("options", ANIMALS))
        assert letter == golden["lmms_eval_before_judge"], golden["answer"]


@pytest.mark.parametrize("protocol", ["lmms_eval", "vlmevalkit"])
def test_groups_and_categories_have_the_accuracy_of_the_official_code(tmp_path: Path, protocol: str) -> None:
    golden = json.loads((SAMPLES / "mmbench_groups.json").read_text())
    rows = [
        row(index, gold, **{"l2-category": l2, "category": category}) for index, gold, l2, category, _ in golden["rows"]
    ]
    answers = answer(tmp_path / "a.jsonl", {index: text for index, *_, text in golden["rows"]})
    metrics = score("mmbench", write(tmp_path / "t.tsv", rows), answers, protocol)["metrics"]
    assert {name: metrics[name] for name in golden[protocol]} == pytest.approx(golden[protocol])


def prompts(benchmark: str, files: Files, number: int = 0) -> dict[str, str]:
    module = load("benchmarks", benchmark)
    return {protocol: module.questions(files, protocol)[number].prompt for protocol in module.PROTOCOLS}


def test_projects_ask_in_english_in_their_words(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, hint="It barks."), row(2)])
    lines = f"It barks.\nWhat is it?\n{LISTED}{LETTER}"
    assert prompts("mmbench", files) == {
        "llava15": lines,
        "internvl12": lines,
        "lmms_eval": f"It barks. What is it? There are several options:\n{LISTED}\n{LETTER}",
        "vlmevalkit": f"Hint: It barks.\nQuestion: What is it?\nOptions:\n{LISTED}{SELECT}",
    }
    unhinted = prompts("mmbench", files, 1)
    assert unhinted["lmms_eval"] == f"What is it? There are several options:\n{LISTED}\n{LETTER}"
    assert unhinted["vlmevalkit"] == f"Question: What is it?\nOptions:\n{LISTED}{SELECT}"


@pytest.mark.parametrize("benchmark", ["mmbench_cn", "ccbench"])
def test_lmms_eval_asks_for_a_letter_in_chinese_and_vlmevalkit_in_english(tmp_path: Path, benchmark: str) -> None:
    files = write(tmp_path / "t.tsv", [row(1, question="图中是什么?")])
    asked = prompts(benchmark, files)
    request = "请直接使用所提供的选项字母作为答案回答。"
    assert asked["lmms_eval"] == f"图中是什么? There are several options:\n{LISTED}\n{request}"
    assert asked["vlmevalkit"] == f"Question: 图中是什么?\nOptions:\n{LISTED}{SELECT}"


def test_longest_answers_are_those_of_the_tasks() -> None:
    tokens = {
        module: load("benchmarks", module).PROTOCOLS["lmms_eval"].max_new_tokens for module in ("mmbench", "ccbench")
    }
    assert tokens == {"mmbench": 1024, "ccbench": 256}
    assert mmbench_cn.PROTOCOLS["lmms_eval"] == ccbench.PROTOCOLS["lmms_eval"]


def replies(folder: Path, files: Files, answers: Path, texts: list[str]) -> Path:
    settings = JudgingSettings(benchmark="mmbench", protocol="lmms_eval", files=FileNames(questions="q"), judge=None)
    (request,) = requests_about(answers, files, settings)
    write_lines(folder / "r.jsonl", [{"id": request.id, "texts": texts, "request": request.digest}])
    return folder / "r.jsonl"


def test_lmms_eval_sends_a_request_of_its_own(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1, question="这是什么", E="fox")])
    question = mmbench.questions(files, "lmms_eval")[0]
    request = mmbench.request(question, "这是什么", UNREAD, "lmms_eval")
    assert request is not None and (request.model, request.max_tokens) == ("gpt-4o-2024-11-20", 256)
    (message,) = request.attempts[0].messages
    assert "and E. \nExample 1" in message.content
    assert message.content.endswith(
        "Question: 这是什么?\nOptions: There are several options: \nA. cat\nB. dog\nC. bird\nD. eel\n\n"
        f"Answer: {UNREAD}\nYour output: "
    )


@pytest.mark.parametrize(
    ("texts", "accuracy", "unparsed"),
    [(["B"], 1, 0), (["(A)"], 0.5, 0), (["E"], 0.5, 1), (["hm", "The answer is B."], 1, 0)],
)
def test_the_letter_of_its_model_counts_by_its_rules(
    tmp_path: Path, texts: list[str], accuracy: float, unparsed: int
) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2)])
    answers = answer(tmp_path / "a.jsonl", {1: UNREAD, 2: "B."})
    scored = score("mmbench", files, answers, "lmms_eval", [replies(tmp_path, files, answers, texts)])
    assert (scored["metrics"]["accuracy"], scored["unparsed"], scored["coverage"]) == (accuracy, unparsed, 1)


def test_without_its_model_the_likeliest_letter_counts(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1), row(2, "A")])
    answers = answer(tmp_path / "a.jsonl", {1: "After a long look I choose B!", 2: UNREAD})
    scored = score("mmbench", files, answers, "lmms_eval")
    assert (scored["metrics"]["accuracy"], scored["unparsed"]) == (0.5, 1)


@pytest.mark.parametrize(("protocol", "text"), [("lmms_eval", "B. dog"), ("vlmevalkit", " B. dog\n")])
def test_the_answer_itself_is_submitted(tmp_path: Path, protocol: str, text: str) -> None:
    files = write(tmp_path / "t.tsv", [row(1)])
    pairs = [(mmbench.questions(files, protocol)[0], " B. dog\n")]
    submitted = mmbench.submission(files, pairs, protocol)
    assert submitted == mmbench.submission(files, [(pairs[0][0], text)], "llava15")
