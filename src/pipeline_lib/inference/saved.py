"""The replies of an engine that a job has so far, to resume after an interruption."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.engines.base import Reply
from pipeline_lib.job.saved_rows import SavedRows


class SavedReplies:
    """The replies by the ids of their requests."""

    def __init__(self, path: Path) -> None:
        self._saved = SavedRows(path, _reply)
        self._replies = {reply.id: reply for reply in self._saved.earlier}

    def __contains__(self, request: object) -> bool:
        return request in self._replies

    def __getitem__(self, request: str) -> Reply:
        return self._replies[request]

    def __iter__(self) -> Iterator[Reply]:
        return iter(self._replies.values())

    def add(self, reply: Reply) -> None:
        """Save a reply."""
        self._saved.add(asdict(reply))
        self._replies[reply.id] = reply

    def close(self) -> None:
        """Let other processes save replies in the file."""
        self._saved.close()


def _reply(where: str, content: dict[str, Any]) -> Reply:
    return Reply(**content)
