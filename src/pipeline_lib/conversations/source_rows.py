"""The rows of a table's source: of one file, of several annotation sets one after the other, or one for each image."""

import itertools
import operator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Self, Sequence

from pydantic import Field, model_validator

from pipeline_lib.conversations.labelled import labelled_rows
from pipeline_lib.conversations.sets import AnnotationSet, Sets, annotation_path, read_sets
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.json_stream import is_list, list_elements
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import read_json, read_lines

LINES = ".jsonl"


class RowSource(Settings):
    """Where rows are in a dataset: in one file, in those of several sets, or in the folders of its images."""

    file: str | None = Field(
        default=None,
        description="the file in the dataset: LLaVA JSON (a list), JSONL (an object a line), or a meta file with the "
        "sets (an object)",
    )
    sets: dict[str, AnnotationSet] = Field(default={}, description="the sets, in the form of InternVL's meta files")
    question: str | None = Field(
        default=None,
        min_length=1,
        exclude_if=lambda question: question is None,  # the settings of the other tables stay as they were
        description="a row for every image of the table, with this question and the name of the image's folder as the "
        "answer, such as `3` of `3/1.png`",
    )
    answers: dict[str, str] = Field(
        default={},
        exclude_if=operator.not_,
        description="the answers to `question` by the names of the folders; none: the names themselves",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if [self.file is not None, bool(self.sets), self.question is not None].count(True) != 1:
            raise ValueError("give either file, sets or question")
        if self.answers and self.question is None:
            raise ValueError("answers need a question")
        return self


@dataclass(frozen=True)
class SourceFiles:
    """The files of a dataset: all their names, and the path of one by its name; the paths of the table's images."""

    names: list[str]
    find: Callable[[str], Path]
    images: Sequence[str] = ()


class SourceRow(NamedTuple):
    """A row as its file has it: its number in the table, and which row of which set it is."""

    number: int
    content: dict[str, Any]
    origin: Mapping[str, Any] = MappingProxyType({})  # `set` and `row_in_set`


def source_rows(source: RowSource, files: SourceFiles) -> Iterator[SourceRow]:
    """Yield all rows; a file that holds neither rows nor sets, or a fault in a set, raises PipelineError."""
    if source.question is not None:
        yield from _numbered(labelled_rows(files.images, source.question, source.answers))
        return
    sets: Sets = source.sets
    if source.file is not None:
        path = files.find(source.file)
        content = _content(path)
        if not isinstance(content, dict):
            yield from _numbered(content)
            return
        sets = read_sets(content, path)
    yield from _rows_of_sets(sets, files)


def rows_of_file(path: Path) -> Iterator[SourceRow]:
    """Yield the rows of one file; one that is no list of objects raises PipelineError."""
    return _numbered(_rows(path))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    content = _content(path)
    if isinstance(content, dict):
        raise PipelineError("expected a list of conversations", where=path, value="an object")
    yield from content


def _numbered(rows: Iterable[dict[str, Any]]) -> Iterator[SourceRow]:
    yield from itertools.starmap(SourceRow, enumerate(rows))


def _content(path: Path) -> Iterator[dict[str, Any]] | dict[str, Any]:
    """Return the rows of a file, or the object that it holds."""
    if path.suffix == LINES:
        return read_lines(path, keep_surrogates=True)
    if is_list(path):
        return _objects(list_elements(path), path)
    content = read_json(path, keep_surrogates=True)
    if not isinstance(content, dict):
        raise PipelineError("expected a list of conversations", where=path, value=type(content).__name__)
    return content


def _objects(content: Iterable[Any], path: Path) -> Iterator[dict[str, Any]]:
    for position, raw in enumerate(content):
        if not isinstance(raw, dict):
            raise PipelineError("expected an object", where=f"{path}, row {position}", value=raw)
        yield raw


def _rows_of_sets(sets: Sets, files: SourceFiles) -> Iterator[SourceRow]:
    number = 0
    for name, entry in sets.items():
        path = annotation_path(entry.annotation, files.find, files.names)
        for row, content in enumerate(entry.repeated(list(_rows(path)), path)):
            yield SourceRow(number, entry.placed(content), {"set": name, "row_in_set": row})
            number += 1
