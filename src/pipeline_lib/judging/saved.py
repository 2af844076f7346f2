"""The replies of a judge that a job has so far, to resume after an interruption."""

from pathlib import Path

from pipeline_lib.benchmarks.families.judge_replies import reply_of, reply_row
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.job.saved_rows import SavedRows


class SavedReplies:
    """The replies in the order in which they came; it contains the requests and runs that have a reply.

    A failed reply is none: the request is sent again.
    """

    def __init__(self, path: Path) -> None:
        self._saved = SavedRows(path, reply_of)
        self._replies: dict[tuple[str | int | None, ...], JudgeReply] = {}
        self._replied: set[tuple[str | None, int]] = set()
        for reply in self._saved.earlier:
            self._keep(reply)

    def __contains__(self, key: object) -> bool:
        return key in self._replied

    @property
    def replies(self) -> list[JudgeReply]:
        """Return the replies, the last one to each request and run."""
        return list(self._replies.values())

    def add(self, reply: JudgeReply) -> None:
        """Save a reply."""
        self._saved.add(reply_row(reply))
        self._keep(reply)

    def close(self) -> None:
        """Let other processes save replies in the file."""
        self._saved.close()

    def _keep(self, reply: JudgeReply) -> None:
        if reply.status == "ok":
            self._replied.add((reply.request, reply.run))
        self._replies[(reply.id, reply.run, reply.request, reply.answer_id, reply.answer)] = reply
