"""`vlmflow init`: every study that it writes has no fault, and none is overwritten."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.config.load import load_study
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import names

DATA = ("--images", "photos", "--conversations", "rows/mix.json")
LLAVA = ("--model", "llava-hf/llava-1.5-7b-hf")
ORIGINAL = ("--model", "liuhaotian/llava-v1.5-7b", "--tower", "openai/clip-vit-large-patch14-336")
EVERY = tuple(word for name in names("benchmarks") for word in ("--benchmark", name))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project with photos and rows about them, in which the command runs."""
    for name in ("studies", "photos", "photos\x85\x7f", "rows"):
        (tmp_path / name).mkdir()
    (tmp_path / "rows/mix.json").write_text("[]")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(name: str, kind: str, *options: str) -> Study:
    """Return the study that the command writes."""
    done = CliRunner().invoke(app, ["init", name, "--for", kind, *options])
    if done.exception is not None:
        raise done.exception
    assert f"vlmflow config check --study {name} --here" in done.stdout
    return load_study(Path(f"studies/{name}.yaml"))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("own-data", DATA),
        ("evaluate", (*LLAVA, "--benchmark", "pope")),
        ("evaluate", (*ORIGINAL, "--template", "llava_v1", "--benchmark", "mme", "--benchmark", "pope")),
        ("evaluate", (*LLAVA, *EVERY)),
        ("evaluate", ("--model", "someone/13", "--benchmark", "pope")),
        ("evaluate", ("--model", "someone/null", "--benchmark", "pope")),
        ("lora", (*LLAVA, *DATA)),
        ("lora", (*ORIGINAL, *DATA, "--benchmark", "pope")),
        ("lora", (*LLAVA, *DATA, *EVERY)),
        ("lora", ("--model", "site:models/lora", "--images", "site:photos", "--conversations", "site:rows/a.json")),
    ],
)
def test_every_variant_passes_the_check(kind: str, options: tuple[str, ...]) -> None:
    init("mine", kind, *options)
    done = CliRunner().invoke(app, ["config", "check", "--study", "mine"])
    assert done.exit_code == 0 and "no fault found" in done.stdout, done.exception
    text = Path("studies/mine.yaml").read_text()
    assert max(map(len, text.splitlines())) < 170 and text.count("#") > 10 and "\n\n\n" not in text


def test_the_study_names_what_the_options_state() -> None:
    study = init("My.Photos", "lora", *ORIGINAL, *DATA, "--benchmark", "pope", "--benchmark", "pope")
    assert study.datasets["my_photos_images"].source.model_dump()["path"] == "photos"
    assert study.datasets["my_photos_rows"].source.model_dump()["path"] == "rows"
    assert study.tables["my_photos_table"].conversations.file == "mix.json"
    assert study.weights["llava-v1_5-7b"].tower == "llava-v1_5-7b_tower"
    assert [run.model for run in study.runs.values()] == ["llava-v1_5-7b", "lora"]
    assert list(study.benchmarks) == ["pope"] and study.subsets["all"].holdout is not None


def test_rows_beside_the_images_are_one_file_of_which_nothing_else_is_linked(folder: Path) -> None:
    (folder / "photos/mix.json").write_text("[]")
    study = init("mine", "own-data", "--images", "photos", "--conversations", "photos/mix.json")
    assert study.datasets["mine_rows"].source.model_dump()["kind"] == "file"


def test_a_model_named_like_the_training_gets_another_name(folder: Path) -> None:
    (folder / "lora").mkdir()
    (folder / "lora/config.json").write_text(json.dumps({"model_type": "llava"}))
    assert set(init("mine", "lora", "--model", "lora", *DATA).weights) == {"lora_base"}


def test_odd_paths_are_quoted(folder: Path) -> None:
    odd = 'a "b": {c} # d, é'
    (folder / odd).mkdir()
    study = init("mine", "own-data", "--images", odd, *DATA[2:])
    assert study.datasets["mine_images"].source.model_dump()["path"] == odd


def test_nothing_is_overwritten(folder: Path) -> None:
    init("mine", "own-data", *DATA)
    (folder / "studies/mine.yaml").write_text("title: edited\n")
    with pytest.raises(PipelineError, match="exists already"):
        init("mine", "own-data", *DATA)
    assert (folder / "studies/mine.yaml").read_text() == "title: edited\n"
    with pytest.raises(PipelineError, match="exists already"):
        init("config", "own-data", *DATA)


def test_a_path_is_written_as_it_is() -> None:
    study = init("mine", "own-data", "--images", "photos\x85\x7f", "--conversations", "rows/mix.json")
    assert study.datasets["mine_images"].source.local_places() == ["photos\x85\x7f"]


def test_rows_in_the_projects_own_folder_are_fetched_alone(folder: Path) -> None:
    (folder / "mix.json").write_text("[]")
    study = init("mine", "own-data", "--images", str(folder / "photos"), "--conversations", "mix.json")
    assert study.datasets["mine_rows"].source.kind == "file"


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("evaluate", (*LLAVA, "--benchmark", "poppe"), "no such benchmark(?s:.*)did you mean 'pope'"),
        ("evaluate", LLAVA, "more options(?s:.*)'--benchmark'"),
        ("lora", DATA, "more options(?s:.*)'--model'"),
        ("own-data", (*DATA, *LLAVA), "no use for these options(?s:.*)'--model'"),
        ("own-data", ("--images", "phots", *DATA[2:]), "no such folder"),
        ("own-data", (*DATA[:3], "rows/mx.json"), "no such file"),
        ("evaluate", ("--model", "llava", "--benchmark", "pope"), "no such model"),
        ("evaluate", ("--model", "studies/llava", "--benchmark", "pope"), "no such model"),
        ("evaluate", (*LLAVA, "--template", "vicuna", "--benchmark", "pope"), "did you mean 'vicuna_v1'"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_cure(kind: str, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        init("mine", kind, *options)
    assert not Path("studies/mine.yaml").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("adapter_config.json", {}, "an adapter"),
        ("other.json", {}, "no model"),
        ("config.json", {"model_type": "mllama"}, "no LLaVA(?s:.*)sco.yaml"),
        ("config.json", {"model_type": "llava_llama", "mm_vision_tower": "openai/clip"}, "--tower(?s:.*)openai/clip"),
    ],
)
def test_a_folder_with_another_model_is_refused(folder: Path, file: str, content: object, message: str) -> None:
    (folder / "model").mkdir()
    (folder / "model" / file).write_text(json.dumps(content))
    with pytest.raises(PipelineError, match=message):
        init("mine", "evaluate", "--model", "model", "--benchmark", "pope")
