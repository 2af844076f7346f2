"""Atomic writes: write a hidden sibling, then rename it; and sorted listings of folders."""

import shutil
from pathlib import Path

STAMP = ".snakemake_timestamp"  # Snakemake writes it into folders that it tracks
LISTING = ".files.jsonl"  # the file list of a folder that is too large to list in its manifest


def partial(path: Path) -> Path:
    """Return the hidden sibling of `path` that holds its content until it is complete."""
    return path.with_name(f".{path.name}.partial")


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def publish(path: Path) -> None:
    """Rename the partial of `path` to `path`, replacing any earlier one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    partial(path).replace(path)
    partial(path).unlink(missing_ok=True)  # rename does nothing if both are hard links to one file


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 so that `path` has either its old content or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial(path).write_text(text, encoding="utf-8", newline="\n")
        partial(path).replace(path)
    finally:
        partial(path).unlink(missing_ok=True)  # it remains after a full disk or an interruption


def files_below(folder: Path) -> list[Path]:
    """Return the files below `folder`, sorted by POSIX path, without Snakemake's stamp and the folder's own list."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in (STAMP, LISTING))
    return sorted(paths, key=lambda path: path.as_posix())
