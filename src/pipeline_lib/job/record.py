"""Record: how an artefact was made. No rule reads it; an empty file means that the job was killed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_lib.core import fields
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import canonical_json, pretty_json, read_object
from pipeline_lib.machine.facts import machine_facts, repository_facts

SCHEMA = 1
FIELDS: dict[str, type] = {  # the fields of a record on disk; `reused` and `error` may be null
    **{"stage": str, "code": str, "started": str, "exit": int, "seconds": float, "accepted": list},
    **{"settings": dict, "machine": dict, "repository": dict, "notes": dict, "roles": dict},
    **{"inputs": dict, "outputs": dict, "modules": dict, "libraries": dict},
}
TEXTS = ("inputs", "outputs", "modules")  # the fields that map strings to strings


@dataclass
class Record:
    """What a job read and wrote, with which code and settings, where and when."""

    stage: str
    settings: dict[str, Any]
    code: str
    libraries: dict[str, Any]
    modules: dict[str, str]
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    inputs: dict[str, str] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)  # the inputs of each command-line option
    files: dict[str, list[str]] = field(default_factory=dict)  # the other paths that it read, by command-line option
    artefact: dict[str, str] = field(default_factory=dict)  # the paths that it wrote, by command-line option
    outputs: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    accepted: list[dict[str, Any]] = field(default_factory=list)  # changes accepted without a rerun, with reasons
    reused: dict[str, Any] | None = None  # start, duration and machine of the job whose outputs were reused

    def content(self, exit_code: int, error: str | None) -> dict[str, Any]:
        """Return the content of the record if the job ends now; `error` is the message that the user saw."""
        ended = datetime.now(UTC)
        return {
            "schema": SCHEMA,
            "stage": self.stage,
            "inputs": self.inputs,
            "roles": self.roles,
            "files": self.files,
            "artefact": self.artefact,
            "outputs": self.outputs,
            "settings": self.settings,
            "code": self.code,
            "modules": self.modules,
            "libraries": self.libraries,
            "notes": self.notes,
            "accepted": self.accepted,
            "reused": self.reused,
            "machine": machine_facts(),
            "repository": repository_facts(),
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round((ended - self.started).total_seconds(), 3),
            "exit": exit_code,
            "error": error,
        }

    def write(self, path: Path, exit_code: int, error: str | None = None) -> None:
        """Write the record to a file, with the file's path, so that two swapped records are detected."""
        write_record(path, {**self.content(exit_code, error), "path": path.as_posix()})


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write a record with its seal: the digest of all other fields, so that an accidental edit is detected."""
    write_text(path, pretty_json({**content, "seal": _seal(content)}))


def read_record(path: Path) -> dict[str, Any]:
    """Return the content of a record; raise PipelineError if the file is not a record."""
    content = read_object(path)
    check_record(content, path)
    return content


def check_record(content: dict[str, Any], path: Path) -> None:
    """Raise PipelineError if the content of a file is not a record."""
    for name, kind in FIELDS.items():
        fields.field(content, name, kind, path)
    for name in TEXTS:
        if not all(type(value) is str for value in content[name].values()):  # seldom: naming each takes long
            for key in content[name]:
                fields.field(content[name], key, str, f"{path}: {name}")
    fields.optional_field(content["notes"], "pins", dict, f"{path}: notes")
    fields.optional_field(content, "error", str, path)
    for name in ("files", "artefact"):  # records of older versions lack them
        fields.optional_field(content, name, dict, path)
    fields.optional_field(content, "reused", dict, path)


def is_sealed(content: dict[str, Any]) -> bool:
    """Return whether a record is unchanged since it was written."""
    return content.get("seal") == _seal({name: value for name, value in content.items() if name != "seal"})


def _seal(content: dict[str, Any]) -> str:
    return digest_text(canonical_json(content))
