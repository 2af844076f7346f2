"""A job as Snakemake plans it: its files, settings, code and libraries."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Self

from pipeline_lib.core.fields import field, typed

MANIFEST = "manifest"  # the name of the output that lists the files of the others

FIELDS: dict[str, type] = {  # the fields of a job in the printed plan
    **{"rule": str, "record": str, "code": str, "shell": str},
    **{"wildcards": dict, "outputs": dict, "settings": dict, "libraries": dict},
    **{"inputs": list, "waits_for": list, "reads": list},
}
TEXTS = ("wildcards", "outputs", "libraries", "inputs", "waits_for", "reads")  # the fields whose values are strings


@dataclass(frozen=True)
class PlannedJob:
    """A planned job; paths are relative to the project."""

    rule: str
    wildcards: dict[str, str]
    inputs: list[str]  # with manifests in place of heavy files
    waits_for: list[str]  # verdicts, which decide no byte
    reads: list[str]  # all files
    outputs: dict[str, str]  # paths by name
    record: str
    settings: dict[str, Any]
    code: str  # the code digest, then the plug-ins that it covers
    libraries: dict[str, str]  # versions by name
    shell: str  # a digest of the rule's command

    @classmethod
    def read(cls, entry: Mapping[str, Any], where: object) -> Self:
        """Return a job from its entry in the printed plan; an absent field or a wrong type raises PipelineError."""
        return cls(**planned_fields(entry, where))

    def entry(self) -> dict[str, Any]:
        """Return the entry of this job in the printed plan."""
        return dict(vars(self))

    @property
    def name(self) -> str:
        """The name of the job in logs: its rule and its wildcards."""
        return " ".join(self.record_path.with_suffix("").parts[-2:])

    @property
    def record_path(self) -> Path:
        """The path of the job's record."""
        return Path(self.record)

    @property
    def output_paths(self) -> list[Path]:
        """The paths of all outputs."""
        return [Path(path) for path in self.outputs.values()]

    @property
    def manifest(self) -> Path | None:
        """The path of the manifest of the outputs, None for a job without one."""
        return Path(self.outputs[MANIFEST]) if MANIFEST in self.outputs else None

    @property
    def artefact(self) -> dict[str, Path]:
        """The outputs without their manifest, by name."""
        return {name: Path(path) for name, path in self.outputs.items() if name != MANIFEST}

    @property
    def code_digest(self) -> str:
        """The digest of the job's code."""
        return self.code.split()[0]

    @property
    def plugins(self) -> list[str]:
        """The plug-ins that the code digest covers."""
        return self.code.split()[1:]


def planned_fields(entry: Mapping[str, Any], where: object) -> dict[str, Any]:
    """Return the fields of a job from its entry in the printed plan; see `PlannedJob.read`."""
    fields: dict[str, Any] = {name: field(entry, name, kind, where) for name, kind in FIELDS.items()}
    for name in TEXTS:
        texts = fields[name]
        for text in texts.values() if isinstance(texts, dict) else texts:
            typed(text, str, where, f"an entry of `{name}`")
    return fields
