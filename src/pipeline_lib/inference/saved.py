"""The texts generated before an interruption: one line per batch; an incomplete last line is dropped."""

import json
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


class SavedTexts:
    """The texts of finished batches, by the position of the first question in the order of generation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: dict[int, list[str]] = {}
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else []:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            row = json.loads(line)
            self._texts[row["start"]] = row["texts"]
        if self._texts:
            logger.info("resuming after %d batches", len(self._texts))
        with path.open("ab") as file:
            file.truncate(whole)

    def of(self, start: int) -> list[str] | None:
        """Return the texts of the batch that begins at `start`, None if they are not generated yet."""
        return self._texts.get(start)

    def add(self, start: int, texts: list[str]) -> None:
        """Save the texts of a batch."""
        line = json.dumps({"start": start, "texts": texts}, ensure_ascii=True) + "\n"
        with self._path.open("ab") as file:
            file.write(line.encode())
        self._texts[start] = texts
