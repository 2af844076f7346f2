"""What a file, an image or a row reaches: subsets, checkpoints, numbers, and the jobs to run again without it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import parquet

from pipeline_lib.conversations.table import listed
from pipeline_lib.core.text import read_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import ancestors, artefact_of, job_name
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.subject import Subject

ASKING = ("predict", "inspect_questions")  # stages that read the images of a benchmark's questions
SAMPLING = ("sample", "sample_embedded")
SHARDS = ("fetch", "convert")


@dataclass(frozen=True)
class Reached:
    """An artefact that contains the subject or was made from it.

    `rows`: how many of its rows are the subject's, None if unknown; `by`: its inputs that the subject reaches.
    """

    artefact: str
    stage: str
    rows: int | None
    by: list[str]


@dataclass(frozen=True)
class Number:
    """The main metric of a run's score that stands on the subject."""

    score: str
    metric: str | None
    value: float | None


@dataclass(frozen=True)
class Impact:
    """What a subject reaches, in the order of making, and the jobs to run again without it, with their seconds."""

    subject: str
    reached: list[Reached]
    numbers: list[Number]
    jobs: list[str]
    seconds: float

    def of_stage(self, stage: str) -> list[Reached]:
        """Return the reached artefacts of a stage."""
        return [each for each in self.reached if each.stage == stage]


def impact_of(records: Records, subject: Subject) -> Impact:
    """Return what a subject reaches by the records and the rows of tables and subsets."""
    walk = _Walk(records, subject)
    every = ancestors(records, [name for _, record in records.all() for name in record.outputs])
    hits = [(record, rows) for record in every if (rows := walk.reach(record)) is not None]
    outputs = {name for record, _ in hits for name in record.outputs}
    reached = [
        Reached(
            artefact_of(name), record.stage, rows or None, [artefact_of(by) for by in record.inputs if by in outputs]
        )
        for record, rows in hits
        for name in record.outputs
    ]
    numbers = [
        _number(name)
        for record, _ in hits
        if record.stage == "score"
        for name in record.outputs
        if name.endswith(".json")
    ]
    seconds = round(sum(record.making_seconds for record, _ in hits), 3)
    return Impact(subject.text, reached, numbers, [job_name(record) for record, _ in hits], seconds)


def _number(name: str) -> Number:
    path = Path(name)
    content: dict[str, Any] = read_json(path) if path.is_file() else {}
    metric = content.get("primary")
    return Number(name, metric, content.get("metrics", {}).get(metric) if metric else None)


class _Walk:
    """Which outputs are reached so far; `rows` of a table are positions, by the table's manifest."""

    def __init__(self, records: Records, subject: Subject) -> None:
        self._records, self._subject = records, subject
        self._outputs = set(subject.outputs)
        self._rows: dict[str, set[int]] = {name: set(rows) for name, rows in subject.rows.items()}
        self._shards = {name for index, paths in subject.images.items() for name in _shards_of(index, paths)}

    def reach(self, record: MadeRecord) -> int | None:
        """Return how many rows of a job's output are the subject's, 0 if unknown; None if it is not reached.

        Jobs come after those that made their inputs.
        """
        rows = self._reach(record)
        if rows is not None:
            self._outputs |= record.outputs.keys()
        return rows

    def _reach(self, record: MadeRecord) -> int | None:
        outputs, inputs = record.outputs.keys(), record.inputs.keys()
        if not self._outputs.isdisjoint(outputs):
            return 0
        if record.stage in (*SHARDS, "index"):
            names = {artefact_of(name) for name in outputs}
            in_shard = bool(names & self._shards) or not self._subject.images.keys().isdisjoint(outputs)
            return 0 if in_shard or (not self._subject.images and self._touches(inputs)) else None
        if record.stage == "tabulate":
            return self._tabulated(record)
        if record.stage in SAMPLING:
            return self._sampled(record)
        if record.stage in ASKING:
            return 0 if self._asked(record) else None
        return 0 if self._touches(inputs) else None

    def _touches(self, inputs: Any) -> bool:
        return not self._outputs.isdisjoint(inputs)

    def _tabulated(self, record: MadeRecord) -> int | None:
        """Return how many rows of a table show the subject's images."""
        (manifest,) = record.outputs
        if manifest in self._rows:
            return len(self._rows[manifest])
        if not self._subject.images:
            return 0 if self._touches(record.inputs) else None
        paths = {path for index, each in self._subject.images.items() if index in record.inputs for path in each}
        rows = _rows_showing(Path(artefact_of(manifest) + ".parquet"), paths) if paths else set()
        self._rows[manifest] = rows
        return len(rows) or None

    def _sampled(self, record: MadeRecord) -> int | None:
        """Return how many rows of a subset are the subject's."""
        tables = [name for name in record.roles.get("table") or [] if name in self._rows]
        (manifest,) = record.outputs
        path = Path(artefact_of(manifest) + ".parquet")
        if self._touches(record.inputs.keys() - set(tables)):
            return 0  # rows held out of it, or embeddings, decide its rows as well
        if not tables or not path.is_file():
            return None
        rows = set(parquet.read_table(path, columns=["row"])["row"].to_pylist())
        return len(rows & self._rows[tables[0]]) or None

    def _asked(self, record: MadeRecord) -> bool:
        """Return whether a job's model, questions or files are reached, or its questions show the subject's images."""
        indexes = {str(name) for name in record.roles.get("indexes") or []}
        if self._touches(record.inputs.keys() - (indexes if self._subject.images else set())):
            return True
        paths = {path for index, each in self._subject.images.items() if index in indexes for path in each}
        return bool(paths and paths & self._question_images(str(record.settings.get("benchmark")), indexes))

    def _question_images(self, benchmark: str, indexes: set[str]) -> set[str]:
        """Return the images of a benchmark's questions, from verdicts; all of its indexes where none are here."""
        for _, record in self._records.all():
            if record.stage == "score" and record.settings.get("benchmark") == benchmark:
                for name in record.outputs:
                    if name.endswith(".parquet") and Path(name).is_file():
                        lists = parquet.read_table(name, columns=["images"])["images"].to_pylist()
                        return {image for images in lists for image in images or ()}
        return {path for index, paths in self._subject.images.items() if index in indexes for path in paths}


def _shards_of(index: str, paths: frozenset[str]) -> set[str]:
    """Return the raw and the converted shard, without suffix, of some images of an index."""
    table = parquet.read_table(artefact_of(index) + ".parquet", columns=["path", "container"]).to_pydict()
    containers = {box for path, box in zip(table["path"], table["container"], strict=True) if path in paths and box}
    names = {Path(box).name.removesuffix(".tar") for box in containers}
    dataset = Path(index).parent.name
    return {f"data/{kind}/{dataset}/{name}" for kind in ("raw", "images") for name in names}


def _rows_showing(table: Path, paths: set[str]) -> set[int]:
    if not table.is_file():
        return set()
    columns = parquet.read_table(table, columns=["row", "image"]).to_pydict()
    named = zip(columns["row"], columns["image"], strict=True)
    return {row for row, images in named if paths.intersection(listed(images))}
