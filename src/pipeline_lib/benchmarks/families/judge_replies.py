"""Read replies of a judge: JSON Lines of this project, or what the official code of a benchmark wrote."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Collection, Iterable, Iterator, Literal

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.families.judging import JudgeReply, RecordedReader
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import Count, FileRow, FreeText, Identifier, parse_row
from pipeline_lib.core.reading import numbered_lines
from pipeline_lib.core.text import read_object, read_rows_with_place

WRITTEN = ("id", "run", "texts")  # keys that every row has
TELLING = {"texts", "request"}  # keys that no file of official code has beside `id`
MOST = 999  # the largest number of a run
BLANK = JudgeReply("", 0, (), "")
FORM = "a reply of a judge has `id`, `run` (at most 999), `texts`, and `request`, the digest of its request"


class ReplyRow(FileRow):
    """A reply of a judge in this project's form; `docs/benchmarks.md` describes its keys."""

    id: Identifier
    run: Count = Field(default=0, le=MOST)
    texts: list[FreeText]
    request: str | None = None
    answer_id: str | None = None
    answer: str | None = None
    asked: str | None = None
    served: str | None = None
    status: Literal["ok", "failed"] = "ok"
    final: bool = False
    read: JsonValue = None
    raw: list[FreeText] | None = None


@dataclass(frozen=True)
class Replies:
    """The replies to the requests of every id, in the order of their runs; of each run once for each request."""

    by_id: dict[str, list[JudgeReply]]

    def all(self) -> Iterator[JudgeReply]:
        """Yield all replies, id by id."""
        for replies in self.by_id.values():
            yield from replies

    def to(self, name: str) -> list[JudgeReply]:
        """Return the replies of an id."""
        return self.by_id.get(name, [])

    def expect_known(self, names: Collection[str]) -> None:
        """Raise PipelineError for a reply to a question that is none of the benchmark's."""
        unknown = next((replies[0] for name, replies in self.by_id.items() if name not in names), None)
        if unknown is not None:
            cure = "name the replies to these questions"
            what = "a reply of the judge to a question that is not in the question file"
            raise PipelineError(what, where=unknown.where, value=unknown.id, cure=cure)


def read_replies(paths: Iterable[Path], recorded: RecordedReader) -> Replies:
    """Return the replies in some files, of this project's form or one that `recorded` reads.

    Files of the official code hold runs of their own: those of a further file follow those of the files before it. A
    failed reply gives way to another one of its run; otherwise two that differ, of one run to one request, raise
    PipelineError, as does a file of the official code that is there twice: it would count as two runs.
    """
    replies: list[JudgeReply] = []
    seen: dict[str, Path] = {}
    for path in paths:
        if in_project_form(path):
            replies += [reply_of(where, row) for where, row in read_rows_with_place(path)]
        else:
            _expect_new(path, seen)
            first = max((reply.run + 1 for reply in replies), default=0)
            replies += [replace(reply, run=first + reply.run) for reply in recorded(path)]
    return Replies(_by_id(replies))


def _expect_new(path: Path, seen: dict[str, Path]) -> None:
    """Raise PipelineError for a file whose bytes are those of an earlier one, and add it to those `seen`."""
    digest = digest_file(path)
    if digest in seen:
        cure = "name it once"
        raise PipelineError("this file of replies is there twice", where=path, value=str(seen[digest]), cure=cure)
    seen[digest] = path


def in_project_form(path: Path) -> bool:
    """Return whether a file has replies in this project's form, or nothing."""
    first = next((line for _, line in numbered_lines(path) if line.strip()), None)
    if first is None:
        return True
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return path.suffix == ".jsonl"  # whose reader names the line
    return isinstance(row, dict) and "id" in row and bool(TELLING & row.keys())


def read_official_object(path: Path) -> dict[str, Any]:
    """Return the object in a file of official code; JSON Lines, which are in no known form, raise PipelineError."""
    first = next((line for _, line in numbered_lines(path) if line.strip()), "")
    if path.suffix == ".jsonl":
        what = "neither a judge's replies in this project's form nor a file of the benchmark's own code"
        raise PipelineError(what, where=path, value=first[:80], cure=FORM)
    return read_object(path)


def reply_row(reply: JudgeReply) -> dict[str, Any]:
    """Return a reply as a row of this project's form, without the keys that it does not fill."""
    content, blank = asdict(reply), asdict(BLANK)
    del content["where"]
    return {name: value for name, value in content.items() if name in WRITTEN or value != blank[name]}


def reply_of(where: str, content: dict[str, Any]) -> JudgeReply:
    """Return the reply in a row of this project's form; a wrong row raises PipelineError."""
    row = parse_row(ReplyRow, content, FORM, where)
    texts = {"texts": tuple(row.texts), "raw": None if row.raw is None else tuple(row.raw)}
    return JudgeReply(**{**row.model_dump(), **texts}, where=where)


def _by_id(replies: list[JudgeReply]) -> dict[str, list[JudgeReply]]:
    known: dict[tuple[str, int, str | None, str | None, str | None], JudgeReply] = {}
    for reply in replies:
        key = (reply.id, reply.run, reply.request, reply.answer_id, reply.answer)
        other = known.get(key)
        if other is None or other.status == "failed":
            known[key] = reply
        elif reply.status != "failed" and replace(reply, where=other.where) != other:
            cure = f"keep one of them; the other one is at {other.where}"
            raise PipelineError("another reply of the same run", where=reply.where, value=reply.id, cure=cure)
    by_id: dict[str, list[JudgeReply]] = defaultdict(list)
    for reply in sorted(known.values(), key=lambda reply: reply.run):
        by_id[reply.id].append(reply)
    return dict(by_id)
