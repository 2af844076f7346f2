"""What a question about impact is about: an artefact, an image, or rows of a table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyarrow import compute, parquet

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.lineage.ancestors import artefact_of
from pipeline_lib.lineage.records import Records

SHORTEST_DIGEST = 7  # hexadecimal digits that stand for a whole digest
EXAMPLES = (
    "name a file of data/ or results/, a dataset, an image or a folder of images as tables name them, a digest of an "
    "image, or TABLE:ID of a row"
)


@dataclass(frozen=True)
class Subject:
    """The outputs that it is or is in; the paths of its images by index; its rows by table. All by their manifests."""

    text: str
    outputs: frozenset[str] = frozenset()
    images: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: dict[str, frozenset[int]] = field(default_factory=dict)


def find_subject(records: Records, text: str) -> Subject:
    """Return what a text names; one that names nothing raises PipelineError with a suggestion."""
    table, colon, identifier = text.partition(":")
    if colon and f"data/tables/{table}{SUFFIX}" in _outputs(records, "tabulate"):
        return _rows(text, f"data/tables/{table}{SUFFIX}", identifier)
    name = text.rstrip("/")
    images = _images(records, name)
    if images:
        return Subject(text, images=images)
    for known in (name, name + SUFFIX, Path(name).with_suffix("").as_posix() + SUFFIX):
        if records.find(known) is not None:
            return Subject(text, frozenset({known}))
    raw = [output for output in _outputs(records, "fetch") if name in _names_of(Path(output).parent.name)]
    if raw:  # a dataset without images
        return Subject(text, frozenset(raw))
    holding = _manifest_with(records, name)
    if holding is None:
        names = {artefact_of(output) for _, record in records.all() for output in record.outputs}
        cure = suggest(name, names, EXAMPLES)
        raise PipelineError("no artefact, image or row has this name", value=text, cure=cure)
    return Subject(text, frozenset({holding}))


def _outputs(records: Records, stage: str) -> list[str]:
    return [name for _, record in records.all() if record.stage == stage for name in record.outputs]


def _rows(text: str, manifest: str, identifier: str) -> Subject:
    """Return the rows of a table with an id, or at a position `#12`."""
    columns = parquet.read_table(artefact_of(manifest) + ".parquet", columns=["row", "id"]).to_pydict()
    named = zip(columns["row"], columns["id"], strict=True)
    rows = {row for row, name in named if identifier in (name, f"#{row}")}
    if not rows:
        example = f"ids are those of {artefact_of(manifest)}.parquet, or #POSITION"
        cure = suggest(identifier, columns["id"][:100_000], example)
        raise PipelineError("no row of this table has this id", value=text, cure=cure)
    return Subject(text, rows={manifest: frozenset(rows)})


def _images(records: Records, name: str) -> dict[str, frozenset[str]]:
    """Return the paths of the images with a path, a stored or raw file, or the start of a digest, by index.

    A folder in the paths, or a dataset, stands for all of its images.
    """
    matching = {}
    for index in _outputs(records, "index"):
        path = Path(artefact_of(index) + ".parquet")
        if not path.is_file():
            continue
        table = parquet.read_table(path, columns=["path", "container", "member", "sha256", "source_sha256"])
        whole = name in _names_of(Path(index).parent.name)
        paths = set((table if whole else table.filter(_condition(table, name)))["path"].to_pylist())
        if paths:
            matching[index] = frozenset(paths)
    return matching


def _names_of(dataset: str) -> tuple[str, ...]:
    """Return the names that stand for a whole dataset."""
    return dataset, f"data/images/{dataset}", f"data/raw/{dataset}"


def _condition(table: Any, name: str) -> Any:
    stored = compute.binary_join_element_wise(table["container"], table["member"], "/")
    condition = compute.or_(compute.equal(table["path"], name), compute.equal(stored, name))
    condition = compute.or_(condition, compute.starts_with(table["path"], f"{name}/"))
    if len(name) >= SHORTEST_DIGEST and not set(name) - set("0123456789abcdef"):
        for column in ("sha256", "source_sha256"):
            condition = compute.or_(condition, compute.starts_with(table[column], name))
    return condition


def _manifest_with(records: Records, name: str) -> str | None:
    """Return the manifest that lists a file, None where none does."""
    for _, record in records.all():
        for output in record.outputs:
            folder = Path(output).parent.as_posix()
            if output.endswith(SUFFIX) and name.startswith(f"{folder}/") and Path(output).is_file():
                try:
                    entries = read_entries(Path(output))
                except PipelineError:  # the listing was removed with the files
                    continue
                if any(f"{folder}/{entry.path}" == name for entry in entries):
                    return output
    return None
