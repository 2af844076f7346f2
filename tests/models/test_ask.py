"""`vlmflow ask`: a checkpoint, a run behind an endpoint, and what it says if there is nothing to ask."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import compose
from pipeline_lib.models.card import Card
from tests.chat_server import KEY, Answer, completion, serving
from tests.project import ROOT

ENGINE = {"name": "openai", "model": "stub", "access": {"key": "STUB_KEY"}}


@pytest.fixture(scope="module")
def model(language: Path, tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "model"
    compose(language, tower, Card(kind="vlm", template="vicuna_v1", image_shape="pad"), seed=0).save(folder)
    return folder


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an image with a tag that says it lies on its side, in a project with the small study."""
    monkeypatch.chdir(tmp_path)
    write_study()
    exif = Image.Exif()
    exif[274] = 6
    Image.effect_noise((20, 10), 50).convert("RGB").save("photo.jpg", exif=exif)
    return Path("photo.jpg")


def write_study(**runs: dict[str, Any]) -> None:
    tree = YAML(typ="safe").load(ROOT / "studies/mini.yaml")
    tree["runs"] |= runs
    with Path("config.yaml").open("w") as file:
        YAML().dump(tree, file)


def ask(*arguments: str) -> tuple[str, str]:
    """Return what the command prints, and what it prints beside; its error is raised."""
    done = CliRunner().invoke(app, ["ask", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def test_a_checkpoint_answers(model: Path, photo: Path) -> None:
    answer, beside = ask(str(model), "Is it red?", "--image", str(photo), "--max-new-tokens", "4")
    assert answer.strip() and beside == ""
    again, details = ask(str(model), "Is it red?", "--image", str(photo), "--max-new-tokens", "4", "--verbose")
    assert again == answer
    lines = details.splitlines()
    assert lines[0].startswith("prompt: A chat between") and lines[1] == "Is it red? ASSISTANT:"
    assert lines[2:4] == ["tokens: 4", "stopped at: length"] and lines[4].startswith("seconds: ")
    assert [*Path(".vlmflow/ask").iterdir()] == []


def test_another_image_and_no_image_are_other_questions(model: Path, photo: Path) -> None:
    Image.new("RGB", (30, 10), "blue").save("blue.png")
    asked = ["Is it red?", "--max-new-tokens", "6"]
    answers = {ask(str(model), *asked, *shown)[0] for shown in ((), ("--image", "photo.jpg"), ("--image", "blue.png"))}
    assert len(answers) == 3


def test_a_run_behind_an_endpoint_is_asked_there(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    with serving(lambda body, before: Answer(completion(f"a cat at {body['temperature']}"))) as server:
        write_study(served={"engine": {**ENGINE, "url": server.url}})
        answer, details = ask("served", "What is it?", "--image", "photo.jpg", "--temperature", "0.5", "--verbose")
    assert answer == "a cat at 0.5\n"
    assert "prompt: [1 images] What is it?" in details and "'served': 'stub-2026-11-01'" in details
    (request,) = server.requests
    assert [part["type"] for part in request["messages"][0]["content"]] == ["image_url", "text"]


def test_an_endpoint_that_fails_is_no_answer(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    with serving(lambda body, before: Answer({"error": {"message": "no"}}, 422)) as server:
        write_study(served={"engine": {**ENGINE, "url": server.url}})
        with pytest.raises(PipelineError, match="the server"):
            ask("served", "What is it?")


def test_what_cannot_be_asked_is_named_with_its_cure(photo: Path, model: Path) -> None:
    Path("text.jpg").write_text("no image")
    Path("half.png").write_bytes(png()[:200])
    write_study(half={"model": "full"})
    for arguments, message in (
        (
            ["full", "?"],
            "this model is not made yet\n  where: results/checkpoints/full.manifest.json\n  cure:  snakemake",
        ),
        (["fulll", "?"], "did you mean 'full'"),
        (["half", "?"], "a run and another model have this name"),
        (["mini_llama", "?"], "only a vision-language model answers questions"),
        ([".", "?"], "this checkpoint has no vlmflow.json"),
        ([str(model), "?", "--image", "none.jpg"], "no such image"),
        ([str(model), "?", "--image", "text.jpg"], "this file is no usable image\n  where: text.jpg"),
        ([str(model), "?", "--image", "half.png"], "cut off or damaged"),
        ([str(model), "?", "--max-new-tokens", "100000"], "the model has"),
    ):
        with pytest.raises(PipelineError) as raised:
            ask(*arguments)
        assert message in str(raised.value), (arguments, str(raised.value))


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((40, 40), 50).save(file, "PNG")
    return file.getvalue()
