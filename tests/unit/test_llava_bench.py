"""LLaVA-Bench (in the wild): the judge's prompt, its reviews, their ratios; and recorded reviews with official scores."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import llava_bench
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.config.load import load_study
from pipeline_lib.config.stages import judge as judge_settings
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.judging.judge import requests_about
from tests.recordings import Recordings, read_lines, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

CATEGORIES = ("conv", "detail", "complex")


def write(folder: Path, captions: Any = "A beach.") -> Files:
    """Write a question of each category about one image, its caption and GPT-4's answers."""
    write_lines(
        folder / "questions.jsonl",
        [
            {"question_id": number, "image": "001.jpg", "text": f"Question {number}?", "category": category}
            for number, category in enumerate(CATEGORIES)
        ],
    )
    write_lines(folder / "context.jsonl", [{"id": "1", "image": "001.jpg", "caption": captions}])
    answers = [{"question_id": number, "text": f"Reference {number}.", "answer_id": "r"} for number in range(3)]
    write_lines(folder / "answers_gpt4.jsonl", answers)
    return Files(folder / "questions.jsonl", folder / "answers_gpt4.jsonl")


def reviews(path: Path, pairs: list[str], answer: str | None = None) -> Path:
    """Write reviews with these first lines as the official code writes them."""
    rows = []
    for number, pair in enumerate(pairs):
        about = {"id": number + 1, "question_id": number, "answer1_id": "r", "category": CATEGORIES[number]}
        grades = [float(word) for word in pair.split()] if len(pair.split()) == 2 else [-1, -1]
        rows.append({**about, "answer2_id": answer or number, "content": f"{pair}\nBecause.", "tuple": grades})
    write_lines(path, rows)
    return path


def score_recorded(tmp_path: Path, recorded: Recordings, protocol: str) -> dict[str, Any]:
    """Return the score of LLaVA-1.5-13B's answers by its recorded reviews."""
    folder = recorded.folder / "llava-bench"
    answers, given = folder / "llava-v1.5-13b.jsonl", folder / "llava-v1.5-13b-eval1.jsonl"
    rows = [
        {
            **{"question_id": answer["question_id"], "text": answer["prompt"], "image": "001.jpg"},
            "category": review["category"].removeprefix("llava_bench_"),
        }
        for answer, review in zip(read_lines(answers), read_lines(given), strict=True)
    ]
    write_lines(tmp_path / "q.jsonl", rows)  # the published question file is not recorded
    return score("llava_bench", Files(tmp_path / "q.jsonl"), answers, protocol, replies=[given])


def means(metrics: dict[str, float]) -> dict[str, list[float]]:
    """Return the ratio, the mean of GPT-4 and that of the model, over all and by category."""
    return {
        name: [metrics[key] for key in (name, f"{name}/reference", f"{name}/model")] for name in ("all", *CATEGORIES)
    }


def test_the_recorded_reviews_have_the_official_scores(tmp_path: Path, recorded: Recordings) -> None:
    scored = score_recorded(tmp_path, recorded, "llava15")
    official = recorded.official("llava-bench")
    for name, values in means(scored["metrics"]).items():
        assert [round(value, 1) for value in values] == official[name]
    assert (scored["status"], scored["marks"], scored["judge"]["unchecked"]) == ("complete", {}, 0)


def test_vlmevalkit_does_not_round_the_means_of_the_recorded_reviews(tmp_path: Path, recorded: Recordings) -> None:
    scores = {name: means(score_recorded(tmp_path, recorded, name)["metrics"]) for name in ("llava15", "vlmevalkit")}
    for name, values in recorded.official("llava-bench")["vlmevalkit"].items():
        assert scores["vlmevalkit"][name] == pytest.approx(values, abs=1e-8)
    assert scores["vlmevalkit"] != scores["llava15"]


@pytest.mark.parametrize("row", official_verdicts("llava_bench"), ids=lambda row: row["review"][:12])
def test_a_review_is_read_as_the_official_code_reads_it(row: dict[str, Any]) -> None:
    reading = llava_bench.SCORER.readers["llava15"](None, None, JudgeReply("0", 0, (row["review"],), ""))  # type: ignore[arg-type]
    if all(isinstance(number, float | int) for number in row["official"]):
        assert reading is not None and reading.extracted == row["official"]
    else:
        assert reading is None  # the official mean is NaN or infinite: here such a review judges nothing


@pytest.mark.parametrize("row", official_verdicts("llava_bench"), ids=lambda row: row["review"][:12])
def test_a_review_is_read_as_lmms_eval_reads_it(row: dict[str, Any]) -> None:
    reading = llava_bench.SCORER.readers["lmms_eval"](None, None, JudgeReply("0", 0, (row["review"],), ""))  # type: ignore[arg-type]
    assert reading is not None and reading.extracted == row["lmms_eval"]


@pytest.mark.parametrize("row", official_verdicts("llava_bench"), ids=lambda row: row["review"][:12])
def test_a_review_is_read_as_vlmevalkit_reads_it(row: dict[str, Any]) -> None:
    reading = llava_bench.SCORER.readers["vlmevalkit"](None, None, JudgeReply("0", 0, (row["review"],), ""))  # type: ignore[arg-type]
    if all(isinstance(number, float | int) for number in row["vlmevalkit"]):
        assert reading is not None and reading.extracted == {"pair": row["vlmevalkit"], "means": "exact"}
    else:
        assert reading is None


def test_a_review_without_two_numbers_counts_as_minus_one_and_is_counted(tmp_path: Path) -> None:
    files = write(tmp_path)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    scored = score("llava_bench", files, answers, replies=[reviews(tmp_path / "r.jsonl", ["8 6", "10 9", "Sorry."])])
    assert (scored["unparsed"], scored["metrics"]["all/model"]) == (1, pytest.approx(10 * round(14 / 3, 3)))
    assert scored["metrics"]["complex"] == 100  # -1 / -1, as in the official code
    assert scored["metrics"]["detail"] == 90


def test_grades_beyond_the_scale_count_as_unparsed_and_absurd_ones_judge_nothing(tmp_path: Path) -> None:
    for text, rule in {"8 99": "beyond 10", "-1 -1": "beyond 10", "8 7": "pair", "0 10": "pair"}.items():
        reading = llava_bench.SCORER.readers["llava15"](None, None, JudgeReply("1", 0, (text,), ""))  # type: ignore[arg-type]
        assert reading is not None and (reading.rule, reading.fallback) == (rule, rule != "pair")
        assert reading.extracted == [float(number) for number in text.split()]
    for text in ("1e308 5", "8 -1e7", "inf 5", "8 nan"):
        assert llava_bench.SCORER.readers["llava15"](None, None, JudgeReply("1", 0, (text,), "")) is None  # type: ignore[arg-type]


def test_a_ratio_of_grades_has_no_bounds(tmp_path: Path) -> None:
    files = write(tmp_path)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    (tmp_path / "r.jsonl").write_text(reviews(tmp_path / "all.jsonl", ["10 9"] * 3).read_text().split("\n")[0] + "\n")
    scored = score("llava_bench", files, answers, replies=[tmp_path / "r.jsonl"])
    assert (scored["metrics"]["all"], scored["status"], scored["bounds"]) == (90, "partial", None)


def test_three_files_of_reviews_are_three_runs(tmp_path: Path) -> None:
    files = write(tmp_path)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    given = [reviews(tmp_path / f"{name}.jsonl", [f"10 {name}"] * 3) for name in (6, 7, 8)]
    scored = score("llava_bench", files, answers, replies=given)
    assert scored["judge"]["runs"] == [60, 70, 80]
    assert (scored["metrics"]["all"], scored["judge"]["deviation"]) == (70, pytest.approx((200 / 3) ** 0.5))


def test_a_review_of_another_answer_is_no_review_of_this_one(tmp_path: Path) -> None:
    files = write(tmp_path)
    rows = [{"question_id": n, "text": "x", "answer_id": "new" if n else "old"} for n in range(3)]
    write_lines(tmp_path / "a.jsonl", rows)
    given = [reviews(tmp_path / "r.jsonl", ["10 9"] * 3, answer="old")]
    scored = score("llava_bench", files, tmp_path / "a.jsonl", replies=given)
    assert scored["judge"]["unjudged"] == {"replies about another answer": 2}
    assert scored["marks"] == {"unjudged": "2 of 3 answers were not judged: replies about another answer (2)"}
    assert (scored["metrics"]["conv"], scored["metrics"]["detail"], scored["status"]) == (90, None, "partial")


@pytest.mark.parametrize(
    ("protocol", "model", "tokens", "tries"),
    [
        ("llava15", "gpt-4-0314", 1024, 1),
        ("internvl12", "gpt-4-0613", 1024, 1),
        ("vlmevalkit", "gpt-4-1106-preview", 2048, 6),
    ],
)
@pytest.mark.parametrize("captions", ["A beach.\nA hill.", ["A beach.", "A hill."]])
def test_the_request_is_the_official_message(
    tmp_path: Path, protocol: str, model: str, tokens: int, tries: int, captions: Any
) -> None:
    files = write(tmp_path, captions)
    question = asked("llava_bench", files, protocol)[0]
    gold = llava_bench.gold(files, [question], protocol)["0"]
    request = llava_bench.request(question, gold, "My answer.", protocol)
    (attempt,) = set(request.attempts)
    system, user = (message.content for message in attempt.messages)
    assert system == "You are a helpful and precise assistant for checking the quality of the answer."
    assert user.startswith(
        "[Context]\nA beach.\nA hill.\n\n[Question]\nQuestion 0?\n\n"
        "[Assistant 1]\nReference 0.\n\n[End of Assistant 1]\n\n"
        "[Assistant 2]\nMy answer.\n\n[End of Assistant 2]\n\n[System]\nWe would like to request your feedback"
    )
    assert user.endswith("does not affect your judgment.\n\n")
    assert (request.model, request.max_tokens, attempt.temperature) == (model, tokens, 0.2)
    assert len(request.attempts) == tries


def test_the_review_after_empty_replies_counts() -> None:
    reading = llava_bench.SCORER.readers["vlmevalkit"](None, None, JudgeReply("0", 0, ("", " ", "8 7"), ""))  # type: ignore[arg-type]
    assert reading is not None and reading.value == 0.7


def test_lmms_eval_asks_its_judge_without_a_system_message(tmp_path: Path) -> None:
    files = write(tmp_path)
    messages = {}
    for protocol in ("llava15", "lmms_eval"):
        question = asked("llava_bench", files, protocol)[0]
        request = llava_bench.request(question, llava_bench.gold(files, [question], protocol)["0"], "Mine.", protocol)
        messages[protocol] = request.attempts[0].messages
    assert messages["lmms_eval"] == messages["llava15"][1:]
    assert (request.model, request.attempts[0].temperature) == ("gpt-4o-2024-11-20", 0)


def test_internvl_asks_for_detail(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert asked("llava_bench", files)[0].prompt == asked("llava_bench", files, "vlmevalkit")[0].prompt == "Question 0?"
    assert asked("llava_bench", files, "internvl12")[0].prompt == "Question 0? Please give a detailed answer."


@given(st.permutations(["10 1", "8 8", "5 9"]), st.randoms())
def test_the_order_of_answers_and_reviews_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder)
    texts = [(each, f"answer {each.id}") for each in asked("llava_bench", files)]
    given = reviews(folder / "r.jsonl", pairs)
    first = score("llava_bench", files, answer_with(folder / "a.jsonl", texts), replies=[given])["metrics"]
    order.shuffle(texts)
    lines = given.read_text().splitlines(keepends=True)
    order.shuffle(lines)
    given.write_text("".join(lines))
    assert score("llava_bench", files, answer_with(folder / "b.jsonl", texts), replies=[given])["metrics"] == first


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question_id": 0, "content": "8 7", "tuple": [8.0, 7.0]', r"(?s)not valid JSON.*r\.jsonl:1"),
        ('{"question_id": 0, "content": "8 7", "tuple": [8.0]}', r"(?s)a recorded review.*r\.jsonl:1.*tuple"),
        ('{"question_id": 0, "content": "8 7", "tuple": [8.0, "7"]}', r"(?s)a recorded review.*tuple"),
        ('{"question_id": 0, "content": "8 7", "tuple": [8.0, 9.0]}', r"(?s)not that of its review.*r\.jsonl:1"),
        ('{"question_id": 0, "content": "Sorry.", "tuple": [8, 9]}', r"(?s)not that of its review"),
        ('{"question_id": 7, "content": "8 7", "tuple": [8, 7]}', r"(?s)not in the question file.*r\.jsonl:1.*7"),
        ('{"content": "8 7", "tuple": [8, 7]}', r"(?s)a recorded review.*question_id is missing"),
    ],
)
def test_a_hostile_review_is_refused_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    files = write(tmp_path)
    (tmp_path / "r.jsonl").write_text(line + "\n")
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    with pytest.raises(PipelineError, match=message):
        score("llava_bench", files, answers, replies=[tmp_path / "r.jsonl"])


def test_a_review_twice_is_one_and_another_one_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    given = reviews(tmp_path / "r.jsonl", ["8 7"] * 3)
    lines = given.read_text().splitlines(keepends=True)
    given.write_text("".join([*lines, lines[0]]))
    assert score("llava_bench", files, answers, replies=[given])["judge"]["replies"] == 3
    given.write_text("".join([*lines, json.dumps(json.loads(lines[0]) | {"content": "8 8", "tuple": [8, 8]})]))
    with pytest.raises(PipelineError, match=r"(?s)another review of the same question.*r\.jsonl:4"):
        score("llava_bench", files, answers, replies=[given])


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        (
            "questions",
            {"question_id": 3, "image": "2.jpg", "text": "?", "category": "fun"},
            r"(?s)unknown category.*fun",
        ),
        ("questions", {"question_id": 3, "image": "2.jpg", "text": "?", "category": "conv"}, r"(?s)no caption.*3"),
        ("questions", {"question_id": 0, "image": "1.jpg", "text": "?", "category": "conv"}, r"(?s)same id.*:4"),
        ("context", {"image": "001.jpg", "caption": 3}, r"(?s)caption.*context\.jsonl:2"),
        ("answers_gpt4", {"question_id": 0}, r"(?s)answers_gpt4\.jsonl:4.*text is missing"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, name: str, line: dict[str, Any], message: str) -> None:
    files = write(tmp_path)
    with (tmp_path / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    with pytest.raises(PipelineError, match=message):
        llava_bench.gold(files, asked("llava_bench", files), "llava15")


STUDY = """title: wild
datasets:
  wild: {{source: {{kind: folder, path: {folder}}}, convert: {{to: keep}}}}
weights: {{llava: {{dataset: wild, make: {{kind: pretrained, holds: vlm, template: vicuna_v1}}}}}}
runs: {{one: {{model: llava}}}}
benchmarks:
  llava_bench: {{dataset: wild, files: {{questions: questions.jsonl}}, images: [wild], {judge}}}
"""
FROM_FILE = "judge: {name: file, files: [reviews.jsonl]}, replies: wild"


@pytest.mark.parametrize("judge", ["scored: true", "judge: {name: openai, url: 'http://localhost:1/v1'}"])
def test_a_study_without_the_gold_that_requests_quote_is_refused_at_once(tmp_path: Path, judge: str) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.format(folder=tmp_path, judge=judge))
    with pytest.raises(PipelineError, match=r"(?s)quote its gold file.*add `gold: answers_gpt4.jsonl`"):
        load_study(tmp_path / "study.yaml")


def test_recorded_reviews_are_judged_without_gold(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.format(folder=tmp_path, judge=FROM_FILE))
    settings = judge_settings(load_study(tmp_path / "study.yaml"), "one", "llava_bench")
    files = Files(write(tmp_path).questions)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("llava_bench", files)])
    assert requests_about(answers, files, settings) == []
    scored = score("llava_bench", files, answers, replies=[reviews(tmp_path / "reviews.jsonl", ["10 9"] * 3)])
    assert (scored["metrics"]["all"], scored["judge"]["unjudged"]) == (90, {})
    write_lines(tmp_path / "r.jsonl", [{"id": "0", "texts": ["10 9"], "request": "0" * 64}])
    with pytest.raises(PipelineError, match=r"(?s)quotes captions.*name answers_gpt4\.jsonl as gold"):
        score("llava_bench", files, answers, replies=[tmp_path / "r.jsonl"])
