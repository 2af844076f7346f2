"""Link files of a dataset into a checkpoint's folder, instead of copying gigabytes."""

import os
from pathlib import Path
from typing import Mapping


def link_files(files: Mapping[str, Path], folder: Path) -> None:
    """Link files below a folder under their names: by hard links, or symbolic ones if the source is on another disk."""
    for name, path in files.items():
        target, source = folder / name, path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            target.symlink_to(source)
