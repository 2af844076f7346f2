"""A checkpoint behind a real `transformers serve` answers as the local engine does; the job ends what it started."""

import json
import os
import shutil
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from transformers import LlavaProcessor

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines import server, transformers
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Reply, Request
from pipeline_lib.families.llava.model import compose, export
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.card import Card
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.servers import vllm
from pipeline_lib.servers.base import Served
from pipeline_lib.servers.transformers import NEEDED
from tests.asking import saved_replies
from tests.models.making import WORDS
from tests.project import ROOT

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
    made = saved_replies(engine, requests, folder)
    assert made.keys() == {request.id for request in requests}
    return made


@needs_server
def test_its_answers_are_those_of_the_local_engine(model: Path, images: ImageReader, tmp_path: Path) -> None:
    paths = EnginePaths(tmp_path / "state", tmp_path / "serve.log")
    local = transformers.open_engine(transformers.Settings(), model, images, HOW, paths)
    expected = replies(local, tmp_path / "local", QUESTIONS)
    settings = server.Settings.model_validate({"name": "server", "program": "transformers"})
    served = replies(server.open_engine(settings, model, images, HOW, paths), tmp_path / "state", QUESTIONS)
    assert {name: reply.text for name, reply in served.items()} == {n: reply.text for n, reply in expected.items()}
    assert {reply.stop for reply in served.values()} == {reply.stop for reply in expected.values()}
    said = {"program": "transformers", "version": version("transformers"), "served": "model@main", "fingerprint": None}
    assert all(reply.facts["server"] == said and reply.facts["prompt_tokens"] > 0 for reply in served.values())
    again = server.open_engine(settings, tmp_path / "gone", images, HOW, paths)  # nothing is left to ask
    assert replies(again, tmp_path / "state", QUESTIONS) == served


def stub(*more: str) -> server.Settings:
    """Return the engine with the stub server, which needs no checkpoint."""
    command = [sys.executable, "-m", "tests.chat_server", "{port}", "/v1", *more]
    program = {"name": "command", "command": command}
    access = {"attempts": 1, "first_wait": 0.01}
    return server.Settings.model_validate({"name": "server", "program": program, "access": access})


def test_a_server_that_ends_while_it_is_asked_is_shown_with_its_last_lines(
    model: Path, images: ImageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    paths = EnginePaths(tmp_path / "state", tmp_path / "serve.log")
    engine = server.open_engine(stub("3"), model, images, HOW, paths)  # it ends at the fourth request
    asked = [Request(str(number), f"question {number}", (), 4) for number in range(40)]
    with pytest.raises(PipelineError, match="the server ended with code 7; its last lines:"):
        replies(engine, tmp_path / "state", asked)
    engine = server.open_engine(stub(), model, images, HOW, paths)
    assert {reply.status for reply in replies(engine, tmp_path / "state", asked).values()} == {"ok"}


def test_what_cannot_be_served_is_named(model: Path, images: ImageReader, tmp_path: Path) -> None:
    paths = EnginePaths(tmp_path, tmp_path / "serve.log")

    def error(how: AnswerSettings, **program: Any) -> str:
        settings = server.Settings.model_validate({"name": "server", "program": program})
        with pytest.raises(PipelineError) as raised:
            [*server.open_engine(settings, model, images, how, paths).answer(QUESTIONS, {})]
        return str(raised.value)

    assert "vLLM is not installed here" in error(HOW, name="vllm", executable="no-such-vllm")
    assert "no such program on this machine" in error(HOW, name="command", command=["no-such-program", "{port}"])
    assert "another template" in error(HOW.model_copy(update={"template": "llava_v1"}), name="transformers")


def test_an_export_pads_images_where_the_files_it_was_linked_from_do_not_say_so(model: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    shutil.copytree(model, linked)
    config = json.loads((linked / "processor_config.json").read_text())
    config["image_processor"]["image_processor_type"] = "CLIPImageProcessor"
    del config["image_processor"]["do_pad"]
    (linked / "processor_config.json").write_text(json.dumps(config))
    export(linked, tmp_path / "hub", "hub", ExportOptions())
    assert LlavaProcessor.from_pretrained(tmp_path / "hub").image_processor.do_pad
    export(model, tmp_path / "same", "hub", ExportOptions())
    assert (tmp_path / "same/processor_config.json").read_bytes() == (model / "processor_config.json").read_bytes()


def test_vllm_is_started_with_the_variables_of_its_settings(tmp_path: Path) -> None:
    (tmp_path / "vllm").touch(mode=0o755)
    program = {"name": "vllm", "executable": str(tmp_path / "vllm"), "kvcache_gb": 2, "threads_bind": "nobind"}
    settings = server.Settings.model_validate({"name": "server", "program": program})
    command = vllm.command(settings.program, Served(tmp_path, 8000, "cpu"))
    assert command.variables == {
        **{"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "HF_HUB_OFFLINE": "1"},
    }
    assert command.arguments[1:5] == ["serve", "model", "--served-model-name", "model"]
    assert "model/chat_template.jinja" in command.arguments and "8000" in command.arguments
    assert not {"kvcache_gb", "threads_bind", "executable"} & settings.program.model_dump().keys()
