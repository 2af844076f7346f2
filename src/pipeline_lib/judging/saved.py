"""The replies of a judge that a job has so far, one line each, to resume after an interruption.

From the first line on that is torn or damaged, the replies are dropped and asked for again.
"""

import json
import logging
from pathlib import Path

from pipeline_lib.benchmarks.families.judge_replies import reply_of, reply_row
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json

DIGEST = "digest"

logger = logging.getLogger(__name__)


class SavedReplies:
    """The replies in the order in which they came; it contains the requests and runs that have a reply."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies: dict[tuple[str | int | None, ...], JudgeReply] = {}
        self._replied: set[tuple[str | None, int]] = set()
        whole = 0
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True) if path.is_file() else [], 1):
            reply = _reply(line, f"{path}:{number}")
            if reply is None:
                logger.warning("%s:%d is torn or damaged; it and what follows are asked for again", path, number)
                break
            whole += len(line)
            self._keep(reply)
        if self._replies:
            logger.info("resuming after %d replies", len(self._replies))
        with path.open("ab") as file:
            file.truncate(whole)

    def __contains__(self, asked: object) -> bool:
        return asked in self._replied

    @property
    def replies(self) -> list[JudgeReply]:
        """Return the replies, the last one to each request and run."""
        return list(self._replies.values())

    def add(self, reply: JudgeReply) -> None:
        """Save a reply."""
        row = reply_row(reply)
        line = json.dumps({**row, DIGEST: digest_text(canonical_json(row))}) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
        self._keep(reply)

    def _keep(self, reply: JudgeReply) -> None:
        self._replied.add((reply.request, reply.run))
        self._replies[(reply.id, reply.run, reply.request, reply.answer_id, reply.answer)] = reply


def _reply(line: bytes, where: str) -> JudgeReply | None:
    """Return the reply of a line, None where it is not one as it was saved."""
    try:
        row = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or row.pop(DIGEST, None) != digest_text(canonical_json(row)):
        return None
    try:
        return reply_of(where, row)
    except PipelineError:
        return None
