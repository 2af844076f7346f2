"""Logging of a job: every record goes to the log file, short lines go to the terminal to show progress."""

import faulthandler
import logging
import sys
from pathlib import Path

from pipeline_lib.core.urls import without_queries
from pipeline_lib.job.progress import write_to


class _Formatter(logging.Formatter):
    """Formats records without the query strings of URLs: a redirect may contain a signature."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, of a record."""
        return without_queries(super().format(record))


def configure(path: Path, label: str, progress_beside: Path | None = None) -> None:
    """Send log records to `path` in full and to standard error as `[label] message`.

    Progress is written beside another log, that of the job, if this process reports some.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    file.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(_Formatter(f"[{label}] %(message)s"))
    terminal.addFilter(lambda record: record.name.startswith("pipeline_lib") or record.levelno >= logging.ERROR)
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal], force=True)
    logging.captureWarnings(True)
    write_to(progress_beside)
    logging.getLogger("DeepSpeed").addFilter(_by_root)
    if file.stream is not None:
        faulthandler.enable(file.stream)


def _by_root(record: logging.LogRecord) -> bool:
    """Let the root logger's handlers write a record of DeepSpeed, which would write it to standard output itself."""
    logging.getLogger().handle(record)
    return False
