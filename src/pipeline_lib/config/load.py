"""Load a study from YAML; every fault names its file, line, key and value."""

import re
from pathlib import Path
from typing import Any, Callable, Iterable, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from pipeline_lib.config import former_words
from pipeline_lib.config.problem import Key, Problem
from pipeline_lib.config.references import problems
from pipeline_lib.config.rehearsal import rehearsed, stamp
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import Plugin, load
from pipeline_lib.core.secrets import HIDDEN, names_secret
from pipeline_lib.core.yaml_file import line_number, plain, read_yaml

DEFAULT = "config"
LISTED = 100  # most faults in one error
NAME = re.compile(r"[\w][\w.-]*")
FOLDERS = frozenset(  # of the default study in results/, where the folders of other studies are too
    (
        *("answers", "checkpoints", "chosen", "embeddings", "judged", "logs", "losses", "merged", "overlap", "pairs"),
        *("partial", "previews", "questions", "records", "scores", "shared", "smoke", "submissions", "subsets"),
        *("timings", "verdicts"),
    )
)
UNKNOWN, NO_MAPPING = "unknown key", "this must be a mapping of keys"


def study_name(value: object, root: Path = Path()) -> str:
    """Return the name of the study that `--config study=` chose; Snakemake parses 2024, and 010 too, as a number.

    Raises PipelineError if a number matches no study's name or several, or if the value is neither text nor number.
    """
    if isinstance(value, str):
        return value
    known = study_names(root)
    fitting = [name for name in known if value is not None and _as_number(name) == value]
    if len(fitting) != 1 or isinstance(value, bool):
        raise PipelineError(
            f"the name of a study is a text, and Snakemake read this as {type(value).__name__}", where="--config study",
            value=value, cure=f"write it as \"study=!!str NAME\"; {suggest(str(value), known)}",
        )  # fmt: skip
    return fitting[0]


def _as_number(name: str) -> float | None:
    """Return the number that Snakemake parses a name as, None if it remains a text."""
    for kind in (int, float):
        try:
            return kind(name)
        except (ValueError, OverflowError):
            continue
    return None


def study_names(root: Path = Path()) -> list[str]:
    """Return the names of a project's studies, `config` first."""
    return [DEFAULT, *(file.stem for file in sorted((root / "studies").glob("*.yaml")))]


def expect_name(name: str, known: Iterable[str] = ()) -> None:
    """Raise PipelineError for what cannot be the name of a study."""
    if not NAME.fullmatch(name):
        raise PipelineError(
            "the name of a study is the name of its file in studies/, without folder and .yaml", where="studies/",
            value=name, cure=suggest(Path(name).stem, known) if known else "choose another one",
        )  # fmt: skip
    if name in FOLDERS:
        raise PipelineError(
            f"a study of this name would write into a folder of the default study: results/{name}", where="studies/",
            value=name, cure=f"rename studies/{name}.yaml",
        )  # fmt: skip


def study_path(name: str, root: Path = Path()) -> Path:
    """Return the file of a study: config.yaml for `config`, else studies/NAME.yaml, which must exist."""
    known = study_names(root)
    expect_name(name, known)
    if name == DEFAULT:
        return root / "config.yaml"
    path = root / "studies" / f"{name}.yaml"
    if not path.is_file():
        raise PipelineError("no such study", where="studies/", value=name, cure=suggest(name, known))
    return path


def results_folder(name: str, study: Study) -> Path:
    """Return the results folder of a study; a rehearsal has a separate one."""
    folder = Path("results") if name == DEFAULT else Path("results") / name
    mark = stamp(study)
    return folder / mark.lower() if mark else folder


def made_studies() -> list[str]:
    """Return the names of this project's studies that have records."""
    return [name for name in study_names() if _was_begun(name)]


def results_without_study() -> list[Path]:
    """Return the results folders with records whose study file no longer exists, sorted."""
    known = {*study_names(), "partial"}  # results/partial is the default study's
    others = [path for path in sorted(Path("results").glob("*/")) if path.name not in known]
    return [path for path in others if any(path.glob("records/*/*.json"))]


def _was_begun(name: str) -> bool:
    folder = Path("results") if name == DEFAULT else Path("results") / name
    return any(path.is_dir() for path in (folder / "records", *folder.glob("partial*/records")))


def load_study(path: Path, look: Callable[[Study], Iterable[Problem]] = lambda study: ()) -> Study:
    """Load the study of a file as it runs; one PipelineError lists all its faults.

    `look` is called for a study without faults, and returns further ones, such as files that are not on this machine.
    """
    document = _read(path)
    try:
        study = Study.model_validate(plain(document, path))
        faults = problems(study) or list(look(study))
    except ValidationError as error:
        faults = [_problem(item) for item in error.errors()]
    if faults:
        faults.sort(key=lambda problem: line_number(document, problem.key))
        lines = [_line(path, document, problem) for problem in faults[:LISTED]]
        lines += [f"  and {len(faults) - LISTED} more"] if len(faults) > LISTED else []
        raise PipelineError(f"{len(faults)} fault{'s' * (len(faults) > 1)} in this study:\n" + "\n".join(lines))
    return rehearsed(study)


def _read(path: Path) -> Any:
    document = read_yaml(path, YAML())
    if not isinstance(document, dict):
        raise PipelineError("a study is a mapping of keys", where=path)
    return document


def _problem(item: Any) -> Problem:
    """Return one of pydantic's errors as a problem."""
    key: Key = tuple(part for part in item["loc"] if part != "[key]")
    value = HIDDEN if names_secret(str((key or ("",))[-1])) else _short(item["input"])
    match item["type"]:
        case "extra_forbidden":
            return Problem(key, UNKNOWN, value)
        case "missing":
            return Problem(key[:-1], f"the key `{key[-1]}` is missing", value)
        case "model_type" | "dict_type":
            return Problem(key, NO_MAPPING, value)
        case "literal_error":
            return Problem(key, str(item["msg"]), value, former_words.of_value(item["input"], item["ctx"]["expected"]))
        case "secret":
            return Problem(key, str(item["msg"]), HIDDEN)
        case "plugin_unknown":
            name = item["ctx"]["name"]
            return Problem(key, str(item["msg"]), name, former_words.of_recipe(name))
    return Problem(key, str(item["msg"]).removeprefix("Value error, "), value)


def _short(value: Any) -> Any:
    """Return a value as an error shows it: a mapping by its keys, a list by its length."""
    if isinstance(value, dict):
        return f"a mapping with {', '.join(map(str, value))}" if value else "an empty mapping"
    return value if not isinstance(value, list) else f"a list of {len(value)}"


def _line(path: Path, document: Any, problem: Problem) -> str:
    key = [".".join(map(str, problem.key))] if problem.key else []
    hint = problem.hint
    if problem.what == UNKNOWN:
        known = _keys_of(Study, problem.key[:-1], document)
        hint = former_words.of_key(problem.key, known) or suggest(str(problem.key[-1]), known)
    position = ": ".join([f"{path}:{line_number(document, problem.key)}", *key])
    text = f"  {position}: {problem.what}\n    value: {problem.value!r}"
    return f"{text}\n    hint:  {hint}" if hint else text


def _keys_of(model: type[BaseModel], key: Key, document: Any) -> list[str]:
    """Return the known keys of the mapping at `key`."""
    target = _model_at(model, key, document)
    return sorted(target.model_fields) if target else []


def _model_at(model: type[BaseModel], key: Key, document: Any) -> type[BaseModel] | None:
    """Follow `key` through the tree's types; the document names the plug-ins on the way.

    Return None where the document has no plug-in to follow: a benchmark's module has added the entry.
    """
    if not key:
        return model
    part, rest = key[0], key[1:]
    field = model.model_fields.get(str(part))
    if field is None:
        return None
    here = document.get(part) if isinstance(document, dict) else None
    for plugin in (data for data in field.metadata if isinstance(data, Plugin)):
        return _model_at(load(plugin.kind, here[plugin.key]).Settings, rest, here) if here else None
    inner = list(_models_in(field.annotation))
    if not inner:
        return None
    if get_origin(field.annotation) is dict and rest:
        return _model_at(inner[0], rest[1:], (here or {}).get(rest[0]))
    return _model_at(inner[0], rest, here)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
