"""Read dvc.lock: what DVC recorded of the committed stages."""

import hashlib
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.core import yaml_file as files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field, optional_field, typed

LOCK = Path("dvc.lock")
LARGEST = 10_000_000  # values in a file that DVC wrote


def locked_stages(path: Path = LOCK) -> dict[str, dict[str, Any]]:
    """Return the stages of dvc.lock by name; a missing file raises PipelineError."""
    if not path.is_file():
        raise PipelineError("no stage was committed here", where=path, cure="vlmflow dvc commit")
    stages = optional_field(read_yaml(path), "stages", dict, path) or {}
    for name in stages:
        entry = field(stages, name, dict, f"{path}: stages")
        where = f"{path}: {name}"
        identities = optional_field(entry, "params", dict, where) or {}
        for file in identities:
            for committed in field(identities, file, dict, where).values():
                typed(committed, dict, where, "the identity of a stage")
        for listed in (_listed(entry, "outs", where), _listed(entry, "deps", where)):
            for file in listed:
                for key in ("path", "md5"):
                    field(typed(file, dict, where, "a file"), key, str, where)
    return stages


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file that DVC reads; a file that is no mapping raises PipelineError."""
    content = files.read_yaml(path, YAML(typ="safe", pure=True), most=LARGEST)
    return typed({} if content is None else content, dict, path, "this file")


def _listed(entry: dict[str, Any], name: str, where: str) -> list[Any]:
    return optional_field(entry, name, list, where) or []


def locked_identity(entry: dict[str, Any], name: str, identities: str) -> dict[str, Any] | None:
    """Return the identity that a stage was committed with, None where there is none."""
    committed: dict[str, Any] | None = ((entry.get("params") or {}).get(identities) or {}).get(name)
    return committed


def locked_files(entry: dict[str, Any]) -> dict[str, str]:
    """Return the md5 of every file among a stage's outputs, by path; folders have manifests."""
    return _files(entry.get("outs") or [])


def locked_inputs(entry: dict[str, Any]) -> dict[str, str]:
    """Return the md5 of every file that a stage was made from, by path."""
    return _files(entry.get("deps") or [])


def _files(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries if not str(entry["md5"]).endswith(".dir")}


def md5_file(path: Path) -> str:
    """Return the md5 of a file's bytes, the digest that DVC uses."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
