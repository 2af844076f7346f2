"""One side of a comparison of lineages: the results of a project, of another clone, or of a git revision."""

from dataclasses import dataclass, field
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.ancestors import narrowed
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records


@dataclass(frozen=True)
class Side:
    """The records of one side, and its results by the name under which they are compared; `label` is the user's text.

    `files` is whether the artefacts lie beside the records: those of a git revision do not.
    """

    label: str
    records: Records = field(repr=False)
    results: dict[str, str]
    files: bool = True


def side_of_file(label: str, records: Records, reference: Reference, files: bool = True) -> Side:
    """Return the side of one result; an unknown one raises PipelineError with a suggestion."""
    return Side(label, records, {"": narrowed(records, reference)}, files)


def side_of_run(label: str, records: Records, folder: Path) -> Side:
    """Return the side of a run: its scores by benchmark, which lie in a folder; none raises PipelineError."""
    prefix = f"{folder.as_posix()}/"
    names = [name for _, record in records.all() for name in record.outputs if name.startswith(prefix)]
    if not names:
        raise PipelineError("this run has no score yet", where=folder, cure="make it: snakemake")
    return Side(label, records, {Path(name).stem: name for name in names})


def side_of_results(label: str, records: Records, folder: Path | None = None, files: bool = True) -> Side:
    """Return the side of a study, or of all studies of a project: its gathered scores; none raises PipelineError."""
    gathered = [name for _, record in records.all() if record.stage == "gather" for name in record.outputs]
    here = [name for name in gathered if folder is None or Path(name).parent == folder]
    if not here:
        raise PipelineError("no score was made here yet", where=folder or records.root, cure="make it: snakemake")
    return Side(label, records, {Path(name).name if folder else name: name for name in here}, files)


def paired(first: Side, second: Side) -> dict[str, tuple[str, str]]:
    """Return the results that both sides have, by name; sides without a common one raise PipelineError."""
    if len(first.results) == len(second.results) == 1:
        (left,), (right,) = first.results.values(), second.results.values()
        return {left: (left, right)}
    common = [name for name in first.results if name in second.results]
    if not common:
        value = f"{sorted(first.results)} and {sorted(second.results)}"
        raise PipelineError("these two have no result in common", value=value, cure="name two files")
    return {first.results[name]: (first.results[name], second.results[name]) for name in common}
