"""The real lmms-eval asks a served checkpoint: its answers are the server's, and what fails there is no answer."""

import json
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines import lmms_eval, server
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Reply, Request, Round
from pipeline_lib.engines.serving.lmms_task import replies as replies_in
from pipeline_lib.engines.serving.lmms_task import write_tasks
from pipeline_lib.families.llava.model import compose
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.card import Card
from pipeline_lib.servers.transformers import NEEDED
from tests.asking import saved_replies
from tests.models.making import WORDS
from tests.project import ROOT

PYTHON = ROOT / ".venv-lmms-eval/bin/python"
LACKING = [name for name in NEEDED if find_spec(name) is None] + ([] if PYTHON.is_file() else ["make lmms-eval"])
needs_lmms_eval = pytest.mark.skipif(bool(LACKING), reason=f"not installed: {LACKING}")
HOW = AnswerSettings(threads=1, family=None, template="vicuna_v1")
QUESTIONS = [
    Request(f"{number}-{word}", f"Is it {word}?", (f"{number}.jpg",), length)
    for number, length in ((0, 6), (1, 4))
    for word in WORDS[:3]
] + [Request("none", "Is it red?", (), 6), Request("two", "What differs?", ("2.jpg", "3.jpg"), 6)]


@pytest.fixture(scope="module")
def model(language: Path, tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "model"
    compose(language, tower, Card(kind="vlm", template="vicuna_v1", image_shape="pad"), seed=0).save(folder)
    return folder


def settings(python: Path = PYTHON, **more: Any) -> lmms_eval.Settings:
    tree = {"name": "lmms_eval", "program": "transformers", "python": str(python), **more}
    return lmms_eval.Settings.model_validate(tree)


@pytest.mark.long
@needs_lmms_eval
def test_its_answers_are_those_of_the_client_of_this_project(model: Path, images: ImageReader, tmp_path: Path) -> None:
    paths = EnginePaths(tmp_path / "state", tmp_path / "serve.log")
    paths.state.mkdir()
    by_client = server.Settings.model_validate({"name": "server", "program": "transformers"})
    ours, theirs = (tmp_path / name for name in ("ours", "theirs"))
    for folder in (ours, theirs):
        folder.mkdir()
    expected = saved_replies(server.open_engine(by_client, model, images, HOW, paths), QUESTIONS, ours)
    engine = lmms_eval.open_engine(settings(), model, images, HOW, paths)
    asked = saved_replies(engine, QUESTIONS, theirs)
    assert {name: reply.text for name, reply in asked.items()} == {n: reply.text for n, reply in expected.items()}
    assert {reply.facts["asked_by"]["version"] for reply in asked.values()} == {"0.7.3"}
    nothing = lmms_eval.open_engine(settings(tmp_path / "gone"), tmp_path / "gone", images, HOW, paths)
    assert saved_replies(nothing, QUESTIONS, theirs) == asked


def logged(folder: Path, *samples: dict[str, Any]) -> list[Reply]:
    (folder / "model").mkdir(parents=True)
    lines = "".join(json.dumps(sample) + "\n" for sample in samples)
    (folder / "model/20261127_samples_asked_6.jsonl").write_text(lines)
    return replies_in(folder, {})


def test_a_request_that_failed_there_is_no_answer(tmp_path: Path) -> None:
    failed = "[LMMS_EVAL_REQUEST_FAILED after 1 retries] Error code: 400 - At most 1 image(s) may be provided"
    samples = [
        {"asked": {"request": "1"}, "filtered_resps": " Yes", "token_counts": [{"output_tokens": 2}]},
        {"asked": {"request": "2"}, "filtered_resps": failed, "token_counts": [{"output_tokens": 0}]},
    ]
    first, second = logged(tmp_path, *samples)
    assert (first.text, first.tokens, first.status) == ("Yes", 2, "ok")
    assert (second.text, second.tokens, second.status) == (failed, None, "failed")


def test_a_log_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)not a sample of this task.*samples_asked_6\.jsonl"):
        logged(tmp_path, {"doc_id": 0, "filtered_resps": ["Yes", "No"]})


def test_a_task_holds_the_texts_and_the_bytes_of_the_images(images: ImageReader, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    assert write_tasks(tmp_path / "tasks", QUESTIONS, images, {"temperature": 0}) == ["asked_6", "asked_4"]
    rows = {row["request"]: row for row in pq.read_table(tmp_path / "tasks/asked_6.parquet").to_pylist()}
    assert rows.keys() == {request.id for request in QUESTIONS if request.max_new_tokens == 6}
    shown = [image["bytes"] for image in rows["two"]["images"]]
    assert shown == [images.read(name, images.row(name).pin) for name in ("2.jpg", "3.jpg")]
    assert rows["two"]["question"] == "What differs?" and rows["none"]["images"] == []


@pytest.mark.parametrize(
    ("change", "how", "what"),
    [
        ({"rounds": (Round("one", "Look again."),)}, {}, "`review`"),
        ({"until": "</CONCLUSION>"}, {}, "`answer_in`"),
        ({"padded_first": True}, {}, "`as_original`"),
        ({}, {"stop": ["."]}, "`stop`"),
    ],
)
def test_what_it_does_not_send_is_refused(
    model: Path, images: ImageReader, tmp_path: Path, change: dict[str, Any], how: dict[str, Any], what: str
) -> None:
    request, paths = replace(QUESTIONS[0], **change), EnginePaths(tmp_path, tmp_path / "serve.log")
    engine = lmms_eval.open_engine(settings(), model, images, HOW.model_copy(update=how), paths)
    with pytest.raises(PipelineError, match=rf"(?s)lmms-eval does not ask with {what}.*the engine server"):
        list(engine.answer([request], {}))


def test_an_environment_that_is_not_there_or_another_is_named(model: Path, images: ImageReader, tmp_path: Path) -> None:
    paths = EnginePaths(tmp_path, tmp_path / "serve.log")

    def error(python: Path) -> str:
        with pytest.raises(PipelineError) as raised:
            list(lmms_eval.open_engine(settings(python), model, images, HOW, paths).answer(QUESTIONS, {}))
        return str(raised.value)

    assert "make lmms-eval" in error(tmp_path / "no/python")
    assert "no lmms-eval" in error(Path(sys.executable))
