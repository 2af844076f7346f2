"""MM-Vet: the judge's prompt, its replies, capabilities; and recorded grades with the official score."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import mm_vet
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from tests.recordings import Recordings, write_json, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

ROWS = {
    "v1_0": {"imagename": "v1_0.png", "question": "What is x?", "answer": "-1<AND>-5", "capability": ["ocr", "math"]},
    "v1_1": {"imagename": "v1_1.png", "question": "What is it?", "answer": "a cat<OR>cat", "capability": ["rec"]},
    "v1_10": {"imagename": "v1_1.png", "question": "And this?", "answer": "a dog", "capability": ["math", "ocr"]},
}


def write(folder: Path, rows: dict[str, Any] = ROWS) -> Files:
    write_json(folder / "mm-vet.json", rows)
    return Files(folder / "mm-vet.json")


def grades(path: Path, scores: dict[str, list[float]]) -> Path:
    """Write scores as a grade file of the official code."""
    rows = {
        name: {"model": ["gpt-4"] * len(runs), "content": [str(score) for score in runs], "score": runs}
        for name, runs in scores.items()
    }
    write_json(path, rows)
    return path


def test_the_recorded_grades_have_the_official_score(recorded: Recordings) -> None:
    folder = recorded.folder / "mm-vet"
    replies = folder / "llava-v1.5-13b_gpt-4-grade-1runs.json"
    scored = score("mm_vet", Files(folder / "mm-vet.json"), folder / "llava-v1.5-13b.json", replies=[replies])
    official = recorded.official("mm-vet")
    assert scored["judge"]["deviation"] == official.pop("deviation")
    assert scored["metrics"] == pytest.approx(official, abs=1e-9)
    assert (scored["primary"], scored["status"], scored["unparsed"]) == ("total", "complete", 0)
    assert scored["judge"]["served"] == {"gpt-4": scored["n"]} and scored["judge"]["unjudged"] == {}
    assert scored["marks"] == {
        "unchecked": f"{scored['n']} of {scored['n']} replies of the judge do not say which answers they are about"
    }


def test_several_runs_are_averaged_as_in_the_official_code(tmp_path: Path, recorded: Recordings) -> None:
    sample = json.loads((Path(__file__).parent.parent / "golden/mm_vet.json").read_text())
    rows, official = sample["rows"], dict(sample["official"]["three runs"])
    shifted = {
        row["id"]: [rows[(number + shift) % len(rows)]["score"][0] for shift in range(3)]
        for number, row in enumerate(rows)
    }
    questions = {
        row["id"]: {"imagename": "a.png", "question": "?", "answer": "!", "capability": row["capability"]}
        for row in rows
    }
    files = write(tmp_path, questions)
    write_json(tmp_path / "answers.json", dict.fromkeys(questions, "x"))
    scored = score("mm_vet", files, tmp_path / "answers.json", replies=[grades(tmp_path / "g.json", shifted)])
    assert scored["judge"]["deviation"] == pytest.approx(official.pop("deviation"), abs=1e-9)
    assert scored["metrics"] == pytest.approx(official, abs=1e-9)
    assert len(scored["judge"]["runs"]) == 3


@pytest.mark.parametrize("row", official_verdicts("mm_vet"), ids=lambda row: row["reply"])
def test_a_reply_is_read_as_the_official_code_reads_it(row: dict[str, Any]) -> None:
    reading = mm_vet.SCORER.readers["official"](None, None, JudgeReply("v1_0", 0, (row["reply"],), ""))  # type: ignore[arg-type]
    official = None if row["official"] == "nan" else row["official"]  # the official code averages NaN in
    assert (reading and reading.value) == official


@pytest.mark.parametrize("protocol", ["lmms_eval", "vlmevalkit"])
@pytest.mark.parametrize("row", official_verdicts("mm_vet"), ids=lambda row: row["reply"])
def test_a_reply_to_every_try_is_read_as_that_projects_code_reads_it(row: dict[str, Any], protocol: str) -> None:
    texts = (row["reply"],) * len(mm_vet.JUDGES[protocol].tries)
    reading = mm_vet.SCORER.readers[protocol](None, None, JudgeReply("v1_0", 0, texts, "", final=True))  # type: ignore[arg-type]
    grade = row[protocol] if isinstance(row[protocol], float) else 0.0  # lmms-eval loops, VLMEvalKit averages NaN in
    assert reading is not None and reading.value == grade


def test_the_second_attempt_counts_where_the_first_is_no_grade_and_five_in_vain_are_a_visible_0() -> None:
    def read(*texts: str, final: bool = False) -> Any:
        return mm_vet.SCORER.readers["official"](None, None, JudgeReply("v1_0", 0, texts, "", final=final))  # type: ignore[arg-type]

    assert read("The", "0.4").value == 0.4
    assert read("The", "0.4").fallback is False
    assert read("The", "answer") is None
    assert (read(*"abcde", final=True).value, read(*"abcde", final=True).rule) == (0.0, "no grade in five tries")


@pytest.mark.parametrize("read", [5, 0.9, True, "0.5", [0.5], 10**400, -1])
def test_a_grade_that_its_reply_contradicts_is_refused(read: Any) -> None:
    reply = JudgeReply("v1_0", 0, ("0.5",), "r.jsonl:1", read=read)
    with pytest.raises(PipelineError, match=r"(?s)this is no grade.*r\.jsonl:1"):
        mm_vet.SCORER.readers["official"](None, None, reply)  # type: ignore[arg-type]


def test_the_request_is_the_official_prompt(tmp_path: Path) -> None:
    files = write(tmp_path)
    question = asked("mm_vet", files)[0]
    request = mm_vet.request(question, mm_vet.gold(files, [question], "llava15")["v1_0"], "x = -1", "llava15")
    first, *further = request.attempts
    content = first.messages[0].content
    assert content.startswith("Compare the ground truth and prediction from AI models, to give a correctness score")
    assert content.endswith("\n\nWhat is x? | -1 <AND> -5 | x = -1 | ")
    assert [each.temperature for each in request.attempts] == [0, 0, 0.5, 1.0, 1.5]
    again = "\nPredict the correctness of the answer (digit): "
    assert {each.messages[0].content for each in further} == {content + again}
    assert (request.model, request.max_tokens) == ("gpt-4-0613", 3)


@pytest.mark.parametrize(("grade", "bound"), [(0.0, 0), (1.0, 1)])
def test_an_answer_without_a_grade_leaves_the_bounds_of_the_lowest_and_the_highest_grade(
    tmp_path: Path, grade: float, bound: int
) -> None:
    files = write(tmp_path)
    write_json(tmp_path / "a.json", dict.fromkeys(ROWS, "x"))
    runs = {"v1_0": [0.5, 0.7], "v1_10": [0.1, 0.3]}
    part = score("mm_vet", files, tmp_path / "a.json", replies=[grades(tmp_path / "g.json", runs)])
    whole = {**runs, "v1_1": [grade, grade]}
    full = score("mm_vet", files, tmp_path / "a.json", replies=[grades(tmp_path / "h.json", whole)])
    assert {name: limits[bound] for name, limits in part["bounds"].items()} == pytest.approx(full["metrics"])


@pytest.mark.parametrize(
    ("protocol", "model", "tokens", "head", "end", "temperatures"),
    [
        ("lmms_eval", "gpt-4o-2024-11-20", 128, ".\ngpt_query_prompt | Ground truth", " |", [0, 0.5, 1, 1.5]),
        ("vlmevalkit", "gpt-4-1106-preview", 2048, ".\n\nQuestion | Ground truth", " | ", [0, 0.5, 1, 1.5, 2]),
    ],
)
def test_the_other_projects_ask_other_models_the_same_again(
    tmp_path: Path, protocol: str, model: str, tokens: int, head: str, end: str, temperatures: list[float]
) -> None:
    files = write(tmp_path)
    question = asked("mm_vet", files, protocol)[0]
    request = mm_vet.request(question, mm_vet.gold(files, [question], protocol)["v1_0"], "x = -1", protocol)
    (content,) = {each.messages[0].content for each in request.attempts}
    assert head in content and content.endswith(f"\nWhat is x? | -1 <AND> -5 | x = -1{end}")
    assert (request.model, request.max_tokens) == (model, tokens)
    assert [each.temperature for each in request.attempts] == temperatures


def test_lmms_eval_asks_for_reasoning(tmp_path: Path) -> None:
    (question, *_) = asked("mm_vet", write(tmp_path), "lmms_eval")
    assert question.prompt.startswith("First please perform reasoning, and think step by step")
    assert question.prompt.endswith("to the following question: \n\nWhat is x?")


def test_every_protocol_asks_the_question_and_parts_are_sorted_capabilities(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert [each.prompt for each in asked("mm_vet", files)] == ["What is x?", "What is it?", "And this?"]
    assert asked("mm_vet", files, "internvl12")[0].prompt == "What is x? "
    assert [each.part for each in asked("mm_vet", files)] == ["math_ocr", "rec", "math_ocr"]
    assert asked("mm_vet", files)[2].record == {"question_id": 10}


def test_answers_by_number_of_llava_and_by_id_of_mm_vet_are_the_same(tmp_path: Path) -> None:
    files = write(tmp_path)
    texts = {"v1_0": "x", "v1_1": "a cat", "v1_10": "a dog"}
    write_json(tmp_path / "a.json", texts)
    lines = [{"question_id": int(name[3:]), "text": text} for name, text in texts.items()]
    write_lines(tmp_path / "a.jsonl", lines)
    given = grades(tmp_path / "g.json", {"v1_0": [0.5], "v1_1": [1.0], "v1_10": [0.0]})
    both = [score("mm_vet", files, tmp_path / name, replies=[given])["metrics"] for name in ("a.json", "a.jsonl")]
    assert both[0] == both[1]
    assert (both[0]["total"], both[0]["math"], both[0]["rec"]) == (50, 25, 100)


def test_the_submission_is_that_of_llavas_converter(tmp_path: Path) -> None:
    files = write(tmp_path)
    answers = answer_with(tmp_path / "a.jsonl", [(each, f"about {each.id}") for each in asked("mm_vet", files)[:2]])
    settings = SubmitSettings(benchmark="mm_vet", protocol="llava15", files=FileNames(questions="q"))
    upload, missing = make_submission(answers, files, settings)
    converted = {f"v1_{number}": f"about v1_{number}" for number in (0, 1)} | {"v1_10": ""}
    assert (upload.content.decode(), missing) == (json.dumps(converted, indent=2), 1)


@given(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=3, max_size=3), st.randoms())
def test_order_does_not_matter_and_perfect_is_the_maximum(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder)
    pairs = list(zip(asked("mm_vet", files), "abc", strict=True))
    runs = list(zip(ROWS, ([score] for score in scores), strict=True))
    metrics = score("mm_vet", files, answer_with(folder / "a.jsonl", pairs), replies=[grades(folder / "g", dict(runs))])
    order.shuffle(pairs)
    order.shuffle(runs)
    again = score("mm_vet", files, answer_with(folder / "b.jsonl", pairs), replies=[grades(folder / "h", dict(runs))])
    assert again["metrics"] == metrics["metrics"]
    best = score("mm_vet", files, folder / "a.jsonl", replies=[grades(folder / "i", {name: [1.0] for name in ROWS})])[
        "metrics"
    ]
    assert all(value == 100 for value in best.values())
    assert math.isclose(metrics["metrics"]["total"], 100 * sum(scores) / 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"v1_0": {"model": ["m"], "content": ["0.5"], "score": [0.5]}', "not valid JSON"),
        ('{"v1_0": {"model": ["m"], "content": ["0.5"], "score": [NaN]}}', "not a finite number"),
        ('{"v1_0": {"model": ["m"], "content": ["1.7"], "score": [1.7]}}', r"(?s)this is no grade.*v1_0.*1\.7"),
        (
            '{"v1_0": {"model": ["m"], "content": ["0.5"], "score": [0.6]}}',
            r"(?s)this is no grade.*0\.6, content '0\.5'",
        ),
        ('{"v1_0": {"model": ["m"], "content": ["nan"], "score": ["nan"]}}', r"(?s)a recorded grade has.*score"),
        ('{"v1_0": {"model": ["m"], "content": ["0.5"], "score": [0.5, 1.0]}}', r"(?s)a recorded grade.*2 scores"),
        ('{"v1_0": {"score": [0.5]}}', r"(?s)a recorded grade has.*model is missing"),
        ('{"v1_0": {"score": []}, "v1_0": {"score": []}}', "stands twice"),
        ('{"v1_7": {"model": ["m"], "content": ["0.5"], "score": [0.5]}}', r"(?s)not in the question file.*v1_7"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_hostile_grade_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    files = write(tmp_path)
    (tmp_path / "g.json").write_text(content)
    answers = answer_with(tmp_path / "a.jsonl", [(each, "x") for each in asked("mm_vet", files)])
    with pytest.raises(PipelineError, match=message):
        score("mm_vet", files, answers, replies=[tmp_path / "g.json"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"capability": []}, r"(?s)a question of MM-Vet.*v1_0.*capability"),
        ({"answer": 3}, r"(?s)a question of MM-Vet.*v1_0.*answer"),
        ({"imagename": ""}, r"(?s)a question of MM-Vet.*imagename"),
    ],
)
def test_a_hostile_question_is_refused(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        asked("mm_vet", write(tmp_path, {"v1_0": ROWS["v1_0"] | row}))
