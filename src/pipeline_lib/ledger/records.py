"""Records on their way with DVC: the ones of committed stages, in a folder of their own that DVC tracks.

The live records change with every making; these change with a commit alone, so that `dvc status` stays clean.
"""

import shutil
from pathlib import Path

from pipeline_lib.core.files import remove, write_text
from pipeline_lib.ledger.stages import Stage

FOLDER = Path("data/ledger")
FILE = Path("records.dvc")


def store(stages: list[Stage]) -> None:
    """Copy the records of committed stages into the ledger."""
    for record in _records(stages):
        (FOLDER / record).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(record, _replaced(FOLDER / record))
    if not FILE.is_file():
        write_text(FILE, f"outs:\n- path: {FOLDER.as_posix()}\n  hash: md5\n")


def bring_back(stages: list[Stage]) -> list[str]:
    """Copy the ledger's records of these stages to where jobs write them; return the names of stages without."""
    without = set()
    for stage in stages:
        for record in _records([stage]):
            if not (FOLDER / record).is_file():
                without.add(stage.name)
                continue
            record.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FOLDER / record, _replaced(record))
    return sorted(without)


def _records(stages: list[Stage]) -> list[Path]:
    return [Path(job["record"]) for stage in stages for job in stage.jobs]


def _replaced(path: Path) -> Path:
    """Return the path with nothing there: what DVC checked out may be a link into its cache."""
    remove(path)
    return path
