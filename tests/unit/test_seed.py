"""SEED-Bench: letters by protocol, tasks, what is asked, uploads; and real predictions with the official accuracy."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import seed
from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, write_json, write_lines
from tests.scored import answer_with, asked, of_texts, official_verdicts, score

TASKS = {"Instances Counting": 5, "Action Recognition": 10}
IMAGE = {
    "answer": "A",
    "choice_a": "One",
    "choice_b": "Two",
    "choice_c": "Three",
    "choice_d": "Four",
    "data_id": "1454426_2591111986",
    "data_type": "image",
    "question": "How many towels are in the image?",
    "question_id": "101669",
    "question_type_id": 5,
}
VIDEO = IMAGE | {"data_id": "94328.webm", "data_type": "video", "question_id": "v1738", "question_type_id": 10}
PROMPT = (
    "How many towels are in the image?\nA. One\nB. Two\nC. Three\nD. Four\n"
    "Answer with the option's letter from the given choices directly."
)


def write(folder: Path, *rows: dict[str, Any]) -> Files:
    write_json(folder / "SEED-Bench.json", {"questions": list(rows), "question_type": TASKS})
    return Files(folder / "SEED-Bench.json")


@pytest.mark.parametrize("protocol", of_texts(seed.PROTOCOLS))
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    options = {"A": "One", "B": "Two", "C": "Three", "D": "Four"}
    rows = official_verdicts("seed")
    letters = {row["answer"]: seed.SCORER.readers[protocol](row["answer"], options)[0] for row in rows}
    assert letters == {row["answer"]: row[protocol] for row in rows}


def test_a_question_about_a_video_shows_its_frame(tmp_path: Path) -> None:
    image, video = asked("seed", write(tmp_path, IMAGE, VIDEO))
    assert (image.prompt, image.id, image.part) == (PROMPT, "101669", "image/Instances Counting")
    assert image.images == ("SEED-Bench-image/1454426_2591111986",)
    assert (video.id, video.part, video.images) == (
        "v1738",
        "video/Action Recognition",
        ("SEED-Bench-video-image/10_v1738.png",),
    )


@pytest.mark.parametrize("protocol", ["internvl12", "vlmevalkit"])
def test_some_protocols_ask_only_about_images(tmp_path: Path, protocol: str) -> None:
    files = write(tmp_path, VIDEO, IMAGE)
    (question,) = asked("seed", files, protocol)
    assert seed.gold(files, [question], protocol) == {"101669": "A"}
    scored = score("seed", files, answer_with(tmp_path / "a.jsonl", [(question, "A.")]), protocol)
    assert (scored["n"], scored["metrics"]["accuracy"], scored["missing"]) == (1, 1, 0)


def test_accuracies_are_of_all_of_images_of_videos_and_of_every_task(tmp_path: Path) -> None:
    files = write(tmp_path, IMAGE, VIDEO, VIDEO | {"question_id": "v1", "answer": "B"})
    metrics = score("seed", files, answer_with(tmp_path / "a.jsonl", [(q, "A") for q in asked("seed", files)]))[
        "metrics"
    ]
    assert metrics == {
        "accuracy": pytest.approx(2 / 3),
        "accuracy/image": 1,
        "accuracy/image/Instances Counting": 1,
        "accuracy/video": 0.5,
        "accuracy/video/Action Recognition": 0.5,
    }


def test_an_identical_row_twice_is_one_question_and_a_differing_one_is_refused(tmp_path: Path) -> None:
    assert len(asked("seed", write(tmp_path, IMAGE, VIDEO, IMAGE))) == 2
    with pytest.raises(PipelineError, match=r"(?s)another question of the same id.*question 2.*101669"):
        asked("seed", write(tmp_path, IMAGE, IMAGE | {"answer": "B"}))


def test_two_tasks_of_one_number_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "q.json", {"questions": [IMAGE], "question_type": {"Counting": 5, "Colour": 5}})
    with pytest.raises(PipelineError, match=r"(?s)two tasks have the same number.*q\.json.*Counting"):
        asked("seed", Files(tmp_path / "q.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": "E"}, r"(?s)no question of SEED-Bench.*question 1.*answer"),
        ({"choice_d": None}, r"(?s)no question of SEED-Bench.*choice_d"),
        ({"data_type": "text"}, r"(?s)no question of SEED-Bench.*data_type"),
        ({"question_type_id": 3}, r"(?s)no task of this number.*3"),
    ],
)
def test_a_hostile_row_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        asked("seed", write(tmp_path, IMAGE | change))


def test_a_file_without_questions_or_tasks_is_refused(tmp_path: Path) -> None:
    for content in ({"questions": []}, {"questions": [], "question_type": TASKS}, {"questions": [1]}):
        write_json(tmp_path / "q.json", content)
        with pytest.raises(PipelineError, match="has `questions` and `question_type`"):
            asked("seed", Files(tmp_path / "q.json"))


def test_the_upload_has_a_line_for_every_row_of_the_file(tmp_path: Path) -> None:
    files = write(tmp_path, IMAGE, VIDEO, IMAGE)
    answers: list[tuple[Question, str | None]] = list(zip(asked("seed", files), ["B", None], strict=True))
    lines = seed.submission(files, answers, "llava15").decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"question_id": "101669", "prediction": "B"},
        {"question_id": "v1738", "prediction": ""},
        {"question_id": "101669", "prediction": "B"},
    ]


@given(st.lists(st.sampled_from(["A", "B", "a", "", "E", "A."]), min_size=3, max_size=3), st.randoms())
def test_order_does_not_matter_and_an_empty_answer_never_helps(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder, IMAGE, IMAGE | {"question_id": "2", "answer": "B"}, VIDEO)
    pairs = list(zip(asked("seed", files, "lmms_eval"), texts, strict=True))
    metrics = score("seed", files, answer_with(folder / "a.jsonl", pairs), "lmms_eval")["metrics"]
    order.shuffle(pairs)
    assert score("seed", files, answer_with(folder / "b.jsonl", pairs), "lmms_eval")["metrics"] == metrics
    emptied = [(question, "" if number == 0 else text) for number, (question, text) in enumerate(pairs)]
    others = score("seed", files, answer_with(folder / "c.jsonl", emptied), "lmms_eval")["metrics"]
    assert all(others[name] <= value for name, value in metrics.items())


def test_recorded_predictions_of_gpt_4v_get_the_official_accuracy(recorded: Recordings, tmp_path: Path) -> None:
    official = recorded.official("seed")
    text = (recorded.folder / "seed/GPT-4V.json").read_text()
    lines = [json.loads(line.rstrip(",")) for line in text.splitlines() if line.strip()]
    first = {line["question_id"]: line for line in reversed(lines)}
    kinds = {name: VIDEO if name.startswith("v") else IMAGE for name in first}
    rows = [kinds[name] | {"question_id": name, "answer": line["gt_answer"]} for name, line in first.items()]
    files = write(tmp_path, *rows)
    answers = [{"question_id": name, "text": line["prediction"]} for name, line in first.items()]
    write_lines(tmp_path / "a.jsonl", answers)
    scored = score("seed", files, tmp_path / "a.jsonl")
    metrics, printed = scored["metrics"], official["printed"]
    assert (scored["n"], scored["unparsed"], scored["missing"]) == (official["rows"], 0, 0)
    for kind in ("image", "video"):
        assert metrics[f"accuracy/{kind}"] == pytest.approx(official[f"{kind}_correct"] / official[f"{kind}_rows"])
        assert round(100 * metrics[f"accuracy/{kind}"], 2) == printed[kind]
    assert round(100 * metrics["accuracy"], 2) == printed["total"]
    grades = [
        seed.SCORER.grade(question, line["gt_answer"], line["prediction"], "llava15").value
        for question in asked("seed", files)[:1]
        for line in lines
    ]
    assert (sum(grades), len(grades)) == (official["right_lines"], official["lines"])
