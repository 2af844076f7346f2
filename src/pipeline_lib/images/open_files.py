"""Reads the bytes of indexed images: of a file, or of a place in an archive, which stays open."""

import os
from pathlib import Path
from typing import BinaryIO

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.index import IndexRow

MOST = 64  # archives open at once


class OpenFiles:
    """The archives of the latest readings."""

    def __init__(self) -> None:
        self._archives: dict[str, BinaryIO] = {}

    def bytes_of(self, row: IndexRow) -> bytes:
        """Return the stored bytes of an image; a missing file raises PipelineError."""
        try:
            if row.status == "kept":
                return Path(row.container, row.member).read_bytes()
            archive = self._archive(row.container)  # a name of its own: another thread may forget the archive
            return os.pread(archive.fileno(), row.size, row.offset)
        except OSError as error:
            raise PipelineError("an image's file is missing", where=row.container, value=row.path) from error

    def _archive(self, container: str) -> BinaryIO:
        archive = self._archives.get(container)
        if archive is None:
            if len(self._archives) == MOST:
                self._archives.clear()
            archive = self._archives[container] = Path(container).open("rb")  # noqa: SIM115 - closed with its last use
        return archive
