"""The replies that a job has so far, one line each, to resume after an interruption; a torn last line is dropped."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from pipeline_lib.engines.base import Reply

logger = logging.getLogger(__name__)


class SavedReplies:
    """The replies by the ids of their requests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies: dict[str, Reply] = {}
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else []:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            reply = Reply(**json.loads(line))
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
        line = json.dumps(asdict(reply), ensure_ascii=True) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
        self._replies[reply.id] = reply
