"""A checkpoint behind a real `transformers serve` answers as the local engine does; the job ends what it started."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.engines import server, transformers
from pipeline_lib.engines.base import AnswerSettings, Places, Reply, Request
from pipeline_lib.families.llava.model import compose
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.models.card import Card
from pipeline_lib.servers.transformers import NEEDED
from tests.models.making import WORDS

LACKING = [name for name in NEEDED if find_spec(name) is None]
needs_server = pytest.mark.skipif(bool(LACKING), reason=f"requirements.serve.lock is not installed: {LACKING}")
HOW = AnswerSettings(threads=1, family=None, template="vicuna_v1")
QUESTIONS = [
    Request(f"{number}-{word}", f"Is it {word}?", (f"{number}.jpg",), 6) for number in range(3) for word in WORDS
] + [Request("none", "Is it red?", (), 6), Request("two words", "Answer  in\ntwo lines.", ("5.jpg",), 6)]


@pytest.fixture(scope="module")
def model(language: Path, tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "model"
    compose(language, tower, Card(kind="vlm", template="vicuna_v1", image_shape="pad"), seed=0).save(folder)
    return folder


def replies(engine: Any, folder: Path, requests: list[Request]) -> dict[str, Reply]:
    folder.mkdir(exist_ok=True)
    saved = SavedReplies(folder / "replies.jsonl")
    for reply in engine.answer(requests, saved):
        saved.add(reply)
    saved.close()
    return {request.id: saved[request.id] for request in requests}


@needs_server
def test_its_answers_are_those_of_the_local_engine(model: Path, images: ImageReader, tmp_path: Path) -> None:
    places = Places(tmp_path / "state", tmp_path / "serve.log")
    local = transformers.open_engine(transformers.Settings(), model, images, HOW, places)
    expected = replies(local, tmp_path / "local", QUESTIONS)
    settings = server.Settings.model_validate({"name": "server", "program": "transformers"})
    served = replies(server.open_engine(settings, model, images, HOW, places), tmp_path / "state", QUESTIONS)
    assert {name: reply.text for name, reply in served.items()} == {n: reply.text for n, reply in expected.items()}
    assert {reply.stop for reply in served.values()} == {reply.stop for reply in expected.values()}
