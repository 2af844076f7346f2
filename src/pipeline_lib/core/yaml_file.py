"""Reading a YAML file whose faults name file and line."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings

S = TypeVar("S", bound=Settings)


def read_yaml(file: Path, yaml: YAML) -> Any:
    """Return the content of a file; what is not valid YAML raises PipelineError."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PipelineError(f"not valid YAML: {error.problem}", where=f"{file}:{line}") from error


def settings_in(content: Any, kind: type[S], file: Path, what: str, cure: str) -> S:
    """Return the content of a file as settings of a kind; the first fault in it raises PipelineError."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        raise PipelineError(
            f"this is not {what}: {fault['msg']}",
            where=f"{file}: {'.'.join(map(str, fault['loc']))}",
            value=fault["input"],
            cure=cure,
        ) from error
