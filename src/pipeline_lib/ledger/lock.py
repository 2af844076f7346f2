"""dvc.lock: what DVC remembers of the stages that were committed."""

import hashlib
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.core.errors import PipelineError

LOCK = Path("dvc.lock")


def locked_stages(path: Path = LOCK) -> dict[str, dict[str, Any]]:
    """Return the stages of dvc.lock by name; without the file, PipelineError."""
    if not path.is_file():
        raise PipelineError("nothing was committed here", where=path, cure="vlmflow dvc commit")
    stages: dict[str, dict[str, Any]] = read_yaml(path).get("stages", {})
    return stages


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file that DVC reads."""
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    return content


def locked_identity(entry: dict[str, Any], name: str, identities: str) -> dict[str, Any] | None:
    """Return the identity that a stage was committed with, None where there is none."""
    found: dict[str, Any] | None = entry.get("params", {}).get(identities, {}).get(name)
    return found


def locked_files(entry: dict[str, Any]) -> dict[str, str]:
    """Return the md5 of every single file among a stage's outputs, by path; folders have manifests of their own."""
    return _files(entry.get("outs", []))


def locked_inputs(entry: dict[str, Any]) -> dict[str, str]:
    """Return the md5 of every file that a stage was made from, by path."""
    return _files(entry.get("deps", []))


def _files(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries if not str(entry["md5"]).endswith(".dir")}


def md5_file(path: Path) -> str:
    """Return the md5 of a file's bytes, the digest that DVC uses."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
