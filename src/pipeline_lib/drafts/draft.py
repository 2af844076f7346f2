"""The text of a first version of a study: data in folders, a model on disk or in the hub, benchmarks by name."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline_lib.benchmarks.base import PROTOCOL
from pipeline_lib.checkpoints.file_names import ADAPTER_CONFIG, CONFIG
from pipeline_lib.checkpoints.metadata import read_metadata
from pipeline_lib.config.benchmark_data import find_benchmark, is_judged
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import names
from pipeline_lib.machine.site import PREFIX

TEMPLATE = "study.yaml.jinja"
Kind = Literal["own-data", "evaluate", "lora"]
NEEDS: dict[Kind, tuple[str, ...]] = {
    "own-data": ("images", "conversations"),
    "evaluate": ("model", "benchmarks"),
    "lora": ("model", "images", "conversations"),
}
TAKES: dict[Kind, tuple[str, ...]] = {
    "own-data": ("images", "conversations"),
    "evaluate": ("model", "tower", "benchmarks"),
    "lora": ("model", "tower", "images", "conversations", "benchmarks"),
}
OPTIONS = {"benchmarks": "--benchmark"}  # where the option of a field has another name
TITLES = {"own-data": "Our images and conversations", "evaluate": "{model} on benchmarks", "lora": "A LoRA of {model}"}
LLAVAS = ("llava", "llava_llama", "llava_mistral")  # transformers' LLaVA-1.5, and the original layout's
TRAINING = "lora"  # the name of the training, which no weights may have
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
NO_TEXTS = ("null", "true", "false")  # words that YAML reads otherwise
TOWER_KEY = "mm_vision_tower"  # of a LLaVA in the original's layout (haotian-liu/LLaVA c121f04)
HUB_FILES = ("*.json", "*.safetensors", "tokenizer.model")  # of llava-hf's repositories
ORIGINAL_FILES = ("*.json", "*.bin", "*.safetensors", "tokenizer.model")
TOWER_FILES = ("*.json", "*.bin", "merges.txt")  # of openai's CLIP repositories


@dataclass(frozen=True)
class Draft:
    """What a user states: folders, a file of rows, models as folder or hub repository, benchmarks by name."""

    study: str
    kind: Kind
    images: str | None = None
    conversations: str | None = None
    model: str | None = None
    tower: str | None = None
    template: str = "vicuna_v1"
    benchmarks: Sequence[str] = ()


def draft_text(draft: Draft) -> str:
    """Return the YAML of a study; an option that it lacks or has no use for, or a wrong value, raises PipelineError."""
    _check_options(draft)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    about = Path(draft.model or "").name
    return environment.get_template(TEMPLATE).render(
        study=draft.study,
        kind=draft.kind,
        title=_quoted(TITLES[draft.kind].format(model=about)),
        data=_data(draft),
        model=_model(draft),
        benchmarks=[_benchmark(name) for name in dict.fromkeys(draft.benchmarks)],
    )


def _check_options(draft: Draft) -> None:
    stated = [name for name in ("images", "conversations", "model", "tower", "benchmarks") if getattr(draft, name)]
    for wrong, what in (
        ([name for name in NEEDS[draft.kind] if name not in stated], "this kind of study needs more options"),
        ([name for name in stated if name not in TAKES[draft.kind]], "this kind of study has no use for these options"),
    ):
        if wrong:
            options = " ".join(OPTIONS.get(name, f"--{name}") for name in wrong)
            needed = " ".join(OPTIONS.get(name, f"--{name}") for name in NEEDS[draft.kind])
            raise PipelineError(what, where=f"--for {draft.kind}", value=options, cure=f"it needs {needed}")


def _data(draft: Draft) -> dict[str, Any] | None:
    """Return the names and sources of images and conversations, None for a study without."""
    if draft.images is None or draft.conversations is None:
        return None
    _expect(draft.images, is_folder=True)
    _expect(draft.conversations, is_folder=False)
    prefix, rows, images = _name(draft.study), Path(draft.conversations), Path(draft.images)
    beside = any(path.absolute().is_relative_to(rows.parent.absolute()) for path in (images, Path()))
    alone = draft.conversations.startswith(PREFIX) or not beside  # a folder without images and project is taken whole
    return {
        "images_name": f"{prefix}_images",
        "rows_name": f"{prefix}_rows",
        "table": f"{prefix}_table",
        "images": _quoted(draft.images),
        "folder": _quoted(rows.parent.as_posix()) if alone else None,
        "file": _quoted(draft.conversations),
        "rows": _quoted(rows.name),
    }


def _expect(path: str, is_folder: bool) -> None:
    """Raise PipelineError for a path that is not there; those of site.yaml are the check of the study's."""
    if path.startswith(PREFIX):
        return
    if not (Path(path).is_dir() if is_folder else Path(path).is_file()):
        raise PipelineError(f"no such {'folder' if is_folder else 'file'}", where=path, cure="correct the path")


def _model(draft: Draft) -> dict[str, Any] | None:
    """Return the names and sources of the model and its vision tower, None for a study without."""
    if draft.model is None:
        return None
    known = names("prompts")
    if draft.template not in known:
        cure = suggest(draft.template, known)
        raise PipelineError("no such template", where="--template", value=draft.template, cure=cure)
    _check_files(draft)
    name = _name(Path(draft.model).name)
    name = f"{name}_base" if name == TRAINING else name
    return {
        "name": name,
        "files_name": f"{name}_files",
        "files": _source(draft.model, ORIGINAL_FILES if draft.tower else HUB_FILES, "--model"),
        "tower": draft.tower and _source(draft.tower, TOWER_FILES, "--tower"),
        "tower_name": f"{name}_tower",
        "template": draft.template,
    }


def _check_files(draft: Draft) -> None:
    """Raise PipelineError where a folder holds no LLaVA, or one whose vision tower is elsewhere and is not named."""
    folder = Path(draft.model or "")
    if not folder.is_dir():
        return
    if (folder / ADAPTER_CONFIG).is_file():
        cure = "studies/evaluate.yaml has an adapter with its base; or name the folder of a whole model"
        raise PipelineError("this folder holds an adapter", where=folder, cure=cure)
    if not (folder / CONFIG).is_file():
        raise PipelineError(
            "this folder holds no model", where=folder / CONFIG, cure="name the folder with config.json"
        )
    config = read_metadata(folder / CONFIG)
    if config.get("model_type") not in LLAVAS:
        cure = "only LLaVAs are drafted; docs/checkpoints.md, studies/sco.yaml and studies/internvl12.yaml have others"
        raise PipelineError("this model is no LLaVA", where=folder, value=config.get("model_type"), cure=cure)
    if TOWER_KEY in config and not draft.tower:
        cure = f"add --tower with a folder or repository of {config[TOWER_KEY]}"
        raise PipelineError("the vision tower of this model is elsewhere", where=folder, cure=cure)


def _source(model: str, patterns: Sequence[str], option: str) -> str:
    """Return the source of a model's files in YAML: a folder that is here, else a repository of the hub."""
    if model.startswith(PREFIX) or Path(model).is_dir():
        return f"{{kind: folder, path: {_quoted(model)}}}"
    beside = "/" in model and Path(model).parent.is_dir()  # most likely a misspelt folder
    if not REPOSITORY.fullmatch(model) or model.startswith(".") or beside:
        cure = "name a folder that is here, or OWNER/NAME in the Hugging Face hub"
        raise PipelineError("no such model", where=option, value=model, cure=cure)
    files = ", ".join(map(_quoted, patterns))
    return f"{{kind: hub, type: model, repository: {_quoted(model)}, revision: main, files: [{files}]}}"


def _benchmark(name: str) -> dict[str, Any]:
    """Return a benchmark with its protocol, the default one if it has it, and its other ones."""
    benchmark = find_benchmark(name)
    if benchmark is None:
        cure = suggest(name, names("benchmarks"))
        raise PipelineError("no such benchmark", where="--benchmark", value=name, cure=cure)
    protocols = list(benchmark.PROTOCOLS)
    protocol = PROTOCOL if PROTOCOL in protocols else protocols[0]
    others = [other for other in protocols if other != protocol]
    return {"name": name, "protocol": protocol, "others": others, "judged": is_judged(name)}


def _name(text: str) -> str:
    """Return a text as the name of an entry of a study, which YAML reads as a text."""
    name = re.sub(r"[^a-z0-9_-]", "_", text.lower()).strip("_-") or "own"
    return name if name[0].isalpha() and name not in NO_TEXTS else f"model_{name}"


def _quoted(text: str) -> str:
    """Return a text in YAML's double quotes, which are JSON's but for characters that YAML does not print."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PipelineError("this path is not UTF-8", value=text, cure="rename it") from error
    return UNPRINTED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))
