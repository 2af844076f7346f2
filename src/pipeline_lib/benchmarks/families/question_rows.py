"""Rows of files with questions that have a short answer: LLaVA's and InternVL's JSON Lines, and published JSON.

A benchmark lists the forms of row that its files have, and the first whose keys a row has reads it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Iterator, Mapping, Sequence

from pipeline_lib.benchmarks.families.protocols import SHORT, UNANSWERABLE
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Identifier, parse_row
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.text import read_json, read_rows_with_place

OCR = "\nReference OCR token:"
LISTS = ("questions", "annotations", "data")  # keys of the list of rows in a published JSON file


@dataclass(frozen=True)
class AskedRow:
    """A question before a protocol words it.

    `prompt` is the whole prompt if the file words it, as LLaVA's files do. `record_id` is the id in the record of an
    answer, where it is another. `answers` are the gold answers, if the row has any; `content` is all that it has.
    `where` is its position, and `part` the part of the benchmark.
    """

    id: str
    question: str
    image: str
    where: str
    prompt: str | None = None
    record_id: str | None = None
    answers: tuple[str, ...] = ()
    part: str = "all"
    content: Mapping[str, Any] = field(default_factory=dict)


class RowContent(FileRow):
    """The content of a row; an image may be a number that a form makes a name of."""

    question: FreeText
    image: Identifier
    id: Identifier | None = None
    answers: list[FreeText] | FreeText | None = None


@dataclass(frozen=True)
class Form:
    """The keys of one form of row.

    Without a key for an `id`, a question is known by its image and its text. `image_path` makes the path of an image:
    `{image}` is the row's, other keys are those of the whole file. With `only_name`, folders before an image's name are
    dropped. With `worded`, a question is a whole prompt of LLaVA. With `shared_id`, an id is that of an image with
    several questions, and a question is known by both.
    """

    id: str | None
    question: str
    image: str
    answers: str | None = None
    image_path: str = "{image}"
    only_name: bool = False
    worded: bool = False
    shared_id: bool = False

    def has(self, content: dict[str, Any]) -> bool:
        """Return whether a row has the keys of a question in this form."""
        return {self.id or self.question, self.question, self.image} <= content.keys()

    def read(self, content: dict[str, Any], file: dict[str, Any], where: str) -> AskedRow:
        """Return a row; a wrong or missing value raises PipelineError."""
        keys = {"id": self.id, "question": self.question, "image": self.image, "answers": self.answers}
        needed = ", ".join(f"`{key}`" for name, key in keys.items() if key is not None and name != "answers")
        needed += f", and texts as `{self.answers}`" if self.answers in content else ""
        values = {name: content[key] for name, key in keys.items() if key in content}
        row = parse_row(RowContent, values, f"a question needs {needed}", where)
        if self.id is not None and row.id is None:
            raise PipelineError(f"a question needs {needed}", where=where, value=f"{self.id} is missing")
        question = unworded(row.question) if self.worded else row.question
        image = self._image(row.image, file, where)
        shared = row.id if self.shared_id else None
        return AskedRow(
            id=shared_name(row.id, question) if self.shared_id and row.id else row.id or "",
            question=question,
            image=image,
            where=where,
            prompt=row.question if self.worded else None,
            record_id=shared,
            answers=(row.answers,) if isinstance(row.answers, str) else tuple(row.answers or ()),
            part=file.get("part", "all"),
            content=content,
        )

    def _image(self, image: str, file: dict[str, Any], where: str) -> str:
        try:
            path = self.image_path.format(**{**file, "image": image})
        except KeyError as error:
            what = f"the file does not say its `{error.args[0]}`, which is in the names of its images"
            raise PipelineError(what, where=where, cure="fetch the file again") from error
        return PurePosixPath(path).name if self.only_name else path


LLAVA = Form("question_id", "text", "image", worded=True)
INTERNVL = Form("question_id", "question", "image", answers="answer", only_name=True)
VQA = Form("question_id", "question", "image_id", image_path="COCO_{data_subtype}_{image:0>12}.jpg")


def shared_name(identifier: str, question: str) -> str:
    """Return the id of one of several questions about an image; LLaVA joins them regardless of case."""
    return f"{identifier} {question.lower()}"


def unworded(prompt: str) -> str:
    """Return the question in a prompt of LLaVA: without the requests and the tokens of OCR after it."""
    text = prompt.removesuffix(f"\n{SHORT}").removesuffix(f"\n{UNANSWERABLE}")
    return text.partition(OCR)[0]


@dataclass(frozen=True)
class Rows:
    """The questions of a file whose rows are in one of `forms`."""

    forms: Sequence[Form]

    def __call__(self, path: Path) -> list[AskedRow]:
        """Return the questions in the order of the file.

        A row that repeats another entirely is left out if it has an id. Without ids, it is asked again.
        """
        return with_ids(self.read(path))

    def read(self, path: Path, part: str = "all") -> list[AskedRow]:
        """Return the questions as `__call__` does, with an empty id where the file has none."""
        rows: dict[Any, AskedRow] = {}
        for where, content, file in read_file_rows(path):
            form = next((form for form in self.forms if form.has(content)), self.forms[0])
            row = form.read(content, {**file, "part": part}, where)
            rows.setdefault((row.id or where, row.question, row.image, row.prompt, row.answers), row)
        return list(rows.values())


def with_ids(rows: list[AskedRow]) -> list[AskedRow]:
    """Return rows with ids: of their image and question where they have none, and a number from the second on."""
    times: Counter[str] = Counter()
    complete = []
    for row in rows:
        name = row.id or shared_name(row.image, row.question)
        times[name] += 1
        again = not row.id and times[name] > 1
        complete.append(replace(row, id=f"{name} ({times[name]})" if again else name))
    return complete


@dataclass(frozen=True)
class PartedRows:
    """The questions of several files, one a part: `file` is the path of a part's in the folder, without suffix.

    In place of the folder, one of the files may be named.
    """

    forms: Sequence[Form]
    parts: tuple[str, ...]
    file: str

    def __call__(self, path: Path) -> list[AskedRow]:
        """Return the questions of all parts that the folder has."""
        rows, files = Rows(self.forms), {part: self.file.format(part=part) for part in self.parts}
        if not path.is_dir():
            named = path.with_suffix("").as_posix()
            parts = [part for part, file in files.items() if f"/{named}".endswith(f"/{file}")]
            return with_ids([row for part in parts or [self._unknown(path)] for row in rows.read(path, part)])
        matches = [(part, each) for part, file in files.items() for each in sorted(path.glob(f"{file}.json*"))]
        twice = [part for part, times in Counter(part for part, _ in matches).items() if times > 1]
        if twice or not matches:
            value = f"several files of {', '.join(twice)}" if twice else "none of its files"
            raise PipelineError("a folder has one file a part", where=path, value=value, cure=self._cure())
        return with_ids([row for part, each in matches for row in rows.read(each, part)])

    def _unknown(self, path: Path) -> str:
        raise PipelineError("this file's name says no part of the benchmark", where=path, cure=self._cure())

    def _cure(self) -> str:
        return "the files are " + ", ".join(self.file.format(part=part) + ".json" for part in self.parts)


def read_file_rows(path: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield every row of a file with its position, and the texts that the file has beside its rows.

    A file is JSON Lines, or JSON: a list, an object with the list under `questions`, `annotations` or `data`, or an
    object of rows by their ids, which they then have under `id` too.
    """
    if _is_lines(path):
        for where, content in read_rows_with_place(path):
            yield where, content, {}
        return
    document = read_json(path)
    beside = {key: text for key, text in document.items() if isinstance(text, str)} if _is_object(document) else {}
    for number, content in enumerate(_listed(document, path), 1):
        where = f"{path}, row {number}"
        if not _is_object(content):
            raise PipelineError("not a JSON object", where=where, value=str(content)[:80])
        yield where, content, beside


def _listed(document: Any, path: Path) -> list[Any]:
    """Return the rows of a JSON document; an object without rows is one itself."""
    rows = document
    if _is_object(document):
        rows = next((document[key] for key in LISTS if key in document), None)
        if rows is None and all(map(_is_object, document.values())):
            return [{"id": name, **row} for name, row in document.items()]
    if rows is not None and not isinstance(rows, list):
        raise PipelineError(
            "no list of rows",
            where=path,
            value=type(rows).__name__,
            cure="fetch the file again",
        )
    return [document] if rows is None else rows


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_lines(path: Path) -> bool:
    """Return whether a file is JSON Lines: its first line is a whole object, and there are more, or it is empty."""
    first, _, rest = read_text(path).strip().partition("\n")
    return not first or (first.startswith("{") and first.rstrip().endswith("}") and bool(rest))
