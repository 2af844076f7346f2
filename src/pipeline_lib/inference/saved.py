"""The replies that a job has so far, one line each, to resume after an interruption.

Every line has its digest: from the first one on that is torn, edited or damaged, the replies are dropped and asked for
again.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from pipeline_lib.core.digests import digest_text
from pipeline_lib.engines.base import Reply

DIGEST = "digest"

logger = logging.getLogger(__name__)


class SavedReplies:
    """The replies by the ids of their requests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies: dict[str, Reply] = {}
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        whole = 0
        for number, line in enumerate(lines, 1):
            reply = _reply(line)
            if reply is None:
                logger.warning("%s:%d is torn or damaged; it and what follows are asked for again", path, number)
                break
            whole += len(line)
            self._replies[reply.id] = reply
        if self._replies:
            logger.info("resuming after %d replies", len(self._replies))
        with path.open("ab") as file:
            file.truncate(whole)

    def __contains__(self, request: object) -> bool:
        return request in self._replies

    def __getitem__(self, request: str) -> Reply:
        return self._replies[request]

    def add(self, reply: Reply) -> None:
        """Save a reply."""
        content = asdict(reply)
        line = json.dumps({**content, DIGEST: _digest(content)}, ensure_ascii=True) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
        self._replies[reply.id] = reply


def _reply(line: bytes) -> Reply | None:
    """Return the reply of a line, None where it is not one as it was saved."""
    try:
        content = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.pop(DIGEST, None) != _digest(content):
        return None
    return Reply(**content)


def _digest(content: dict[str, object]) -> str:
    return digest_text(json.dumps(content, sort_keys=True))
