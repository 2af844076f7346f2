"""A record read back from its file: how an artefact was made."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pipeline_lib.core import fields
from pipeline_lib.job.record import FIELDS, is_sealed, read_record


@dataclass(frozen=True)
class MadeRecord:
    """What the record of a job states; paths are relative to the project, digests are sha256.

    `content` is all that the file has, including fields of other versions: the seal covers all of them.
    """

    stage: str
    settings: dict[str, Any]
    code: str  # the code digest, then the plug-ins that it covers
    modules: dict[str, str]  # digests of code by module
    libraries: dict[str, Any]  # versions by name
    inputs: dict[str, str]  # digests by path
    roles: dict[str, Any]  # the inputs of each command-line option
    outputs: dict[str, str]  # digests by path
    notes: dict[str, Any]
    accepted: list[dict[str, Any]]  # changes accepted without a rerun, with reasons
    machine: dict[str, Any]
    repository: dict[str, Any]
    started: str
    seconds: float
    exit: int
    error: str | None  # the message that the user saw
    reused: dict[str, Any] | None  # start, duration and machine of the job whose outputs were reused
    path: str | None  # where the record was written; None in records of older versions, which do not state it
    content: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the record in a file; raise PipelineError if the file is not a record."""
        return cls.of(read_record(path))

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Return the record with the content of a file, which `check_record` has accepted."""
        return cls(
            **{name: content[name] for name in FIELDS},
            error=content.get("error"),
            reused=content.get("reused"),
            path=str(content["path"]) if "path" in content else None,
            content=content,
        )

    @property
    def is_sealed(self) -> bool:
        """Whether the record is unchanged since it was written."""
        return is_sealed(self.content)

    @property
    def succeeded(self) -> bool:
        """Whether the job made its outputs."""
        return self.exit == 0

    @property
    def pins(self) -> dict[str, Any]:
        """The pins under which the job downloaded, by name."""
        return self.notes.get("pins") or {}

    @property
    def files(self) -> dict[str, list[str]]:
        """The paths that the job read beside its inputs, by command-line option; empty in records of older versions."""
        return self.content.get("files") or {}

    @property
    def artefact(self) -> dict[str, str]:
        """The paths that the job wrote, by command-line option; empty in records of older versions."""
        return self.content.get("artefact") or {}

    @property
    def making(self) -> dict[str, Any]:
        """The start, duration, machine and repository of the job that made the bytes: an earlier one if reused."""
        return self.reused or self.content

    @property
    def making_seconds(self) -> float:
        """How long it took to make the bytes."""
        return fields.field(self.making, "seconds", float, self.path or self.stage)
