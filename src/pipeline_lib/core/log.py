"""Logging of a job: everything into its log file, short lines to the terminal so that progress is seen."""

import faulthandler
import logging
import sys
from pathlib import Path


def configure(path: Path, label: str) -> None:
    """Send log records to `path` in full and to standard error as `[label] message`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter(f"[{label}] %(message)s"))
    terminal.addFilter(lambda record: record.name.startswith("pipeline_lib") or record.levelno >= logging.ERROR)
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal], force=True)
    logging.captureWarnings(True)
    if file.stream is not None:
        faulthandler.enable(file.stream)
