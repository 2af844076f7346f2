"""Complete files under final names: write beside, then rename; listings in one order everywhere."""

import shutil
from pathlib import Path

STAMP = ".snakemake_timestamp"  # Snakemake drops it into folders that it tracks
LISTING = ".files.jsonl"  # the file list of a folder too large for its manifest


def partial(path: Path) -> Path:
    """Return the hidden sibling under which `path` is written until it is complete."""
    return path.with_name(f".{path.name}.partial")


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def publish(path: Path) -> None:
    """Rename the partial of `path` to `path`, replacing what was there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    partial(path).replace(path)
    partial(path).unlink(missing_ok=True)  # rename does nothing where both are links to one file


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 so that `path` is either old or complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial(path).write_text(text, encoding="utf-8", newline="\n")
        partial(path).replace(path)
    finally:
        partial(path).unlink(missing_ok=True)  # it is there after a full disk or an interruption


def files_below(folder: Path) -> list[Path]:
    """Return the files below `folder`, sorted by POSIX path, without Snakemake's stamp and the folder's own list."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in (STAMP, LISTING))
    return sorted(found, key=lambda path: path.as_posix())
