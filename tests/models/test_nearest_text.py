"""The engine `nearest_text`: a CLIP's classes and probabilities, from the answer to the result file and the score."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline_lib.benchmarks import knee_grading
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines import nearest_text
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Request
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.models.clip import open_clip

TEXTS = ["red", "green", "three four five"]
HOW = AnswerSettings(family=None, template=None, threads=1)
ASKED = [Request(str(number), "Which class?", (f"{number}.jpg",), 128) for number in range(3)]


def engine(tower: Path, images: ImageReader, tmp_path: Path) -> nearest_text.NearestText:
    settings = nearest_text.Settings(name="nearest_text").of_benchmark(TEXTS)
    return nearest_text.open_engine(settings, tower, images, HOW, EnginePaths(tmp_path, tmp_path / "log"))


def test_an_answer_is_the_softmax_of_the_scaled_cosines(tower: Path, images: ImageReader, tmp_path: Path) -> None:
    saved = SavedReplies(tmp_path / "replies.jsonl")
    replies = list(engine(tower, images, tmp_path).answer(ASKED, saved))
    clip = open_clip(tower)
    clip.model.eval()
    for reply, request in zip(replies, ASKED, strict=True):
        (path,) = request.images
        with torch.no_grad():
            seen = clip.model.get_image_features(pixel_values=clip.show(images.open(path, images.row(path).pin))[None])
            texts = clip.model.get_text_features(**clip.encode(TEXTS))
        seen, texts = (each.pooler_output / each.pooler_output.norm(dim=-1, keepdim=True) for each in (seen, texts))
        expected = (clip.model.logit_scale.exp() * seen @ texts.T).softmax(-1)[0]
        content = json.loads(reply.text)
        assert content["probabilities"] == pytest.approx(expected.tolist(), rel=1e-4)
        assert content["predicted_label"] == int(expected.argmax())


def test_an_interrupted_job_asks_only_for_the_rest(tower: Path, images: ImageReader, tmp_path: Path) -> None:
    saved = SavedReplies(tmp_path / "replies.jsonl")
    whole = list(engine(tower, images, tmp_path).answer(ASKED, saved))
    saved.add(whole[0])
    assert list(engine(tower, images, tmp_path).answer(ASKED, saved)) == whole[1:]


def test_a_question_about_two_images_is_failed_and_one_without_an_image_is_refused(
    tower: Path, images: ImageReader, tmp_path: Path
) -> None:
    two = Request("two", "?", ("0.jpg", "1.jpg"), 1)
    replies = list(engine(tower, images, tmp_path).answer([two, ASKED[0]], {}))  # type: ignore[arg-type]
    assert [reply.status for reply in replies] == ["failed", "ok"]
    assert replies[0].text == "2 images: the nearest text is that of one image"
    with pytest.raises(PipelineError, match=r"(?s)nearest text is that of an image.*question q"):
        list(engine(tower, images, tmp_path).answer([Request("q", "?", (), 1)], {}))  # type: ignore[arg-type]


def test_an_engine_whose_texts_tell_nothing_apart_is_refused(tower: Path, images: ImageReader, tmp_path: Path) -> None:
    paths = EnginePaths(tmp_path, tmp_path / "log")
    for texts, fault in (
        ([], "no text to compare"),
        (["red"], "one alone"),
        (["red", "blue", "red"], "two texts are the same to this model"),
        (["so " * 99 + "red", "so " * 99 + "blue"], "differ in their first 32 tokens"),
    ):
        settings = nearest_text.Settings(name="nearest_text", texts=texts)
        with pytest.raises(PipelineError, match=fault):
            nearest_text.open_engine(settings, tower, images, HOW, paths)


def test_a_model_with_damaged_weights_gives_no_answer(tower: Path, images: ImageReader, tmp_path: Path) -> None:
    damaged = engine(tower, images, tmp_path)
    with torch.no_grad():
        damaged.clip.model.visual_projection.weight.mul_(math.nan)
    with pytest.raises(PipelineError, match="logits that are not finite"):
        list(damaged.answer(ASKED, SavedReplies(tmp_path / "replies.jsonl")))


def test_the_result_file_of_a_classifier_is_the_published_list(tmp_path: Path) -> None:
    published = [
        {"image_path": f"/data/test/{grade}/{number}L.png", "image_name": f"{number}L.png", "true_label": grade}
        for number, grade in enumerate((0, 4), 9_000_001)
    ]
    shares = [[0.5, 0.125, 0.125, 0.125, 0.125], [0.0, 0.0, 0.5, 0.25, 0.25]]
    rows: list[dict[str, Any]] = [
        {**row, "predicted_label": named, "confidence": 0.5, "probabilities": share}
        for row, named, share in zip(published, (0, 2), shares, strict=True)
    ]
    file = tmp_path / "evaluation_results_detailed.json"
    file.write_text(json.dumps(rows, ensure_ascii=False, indent=2))
    questions = knee_grading.questions(Files(file), "official")
    texts = [json.dumps({key: row[key] for key in ("predicted_label", "probabilities")}) for row in rows]
    answers = list(zip(questions, texts, strict=True))
    assert knee_grading.submission(Files(file), answers, "official") == file.read_bytes()
    mixed = [answers[0], (questions[1], "Grade 2")]
    assert "results" in json.loads(knee_grading.submission(Files(file), mixed, "official"))


def test_the_benchmark_states_the_texts_and_a_study_may_state_others() -> None:
    assert nearest_text.Settings(name="nearest_text").of_benchmark(TEXTS).texts == TEXTS
    assert nearest_text.Settings(name="nearest_text", texts=["a"]).of_benchmark(TEXTS).texts == ["a"]
    assert all(text in knee_grading.PROMPT for text in knee_grading.CLASSES)
