"""Remove what the project made, but for checkpoints, and say so: `python tools/clean.py [--checkpoints=yes]`.

Hours of training are kept unless told otherwise: weights, checkpoints, merged models, the states of interrupted jobs,
and the records by which the next run takes them back instead of training again. Links are never followed.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("data", "results", ".snakemake", ".vlmflow")
STAGES = ("weights", "train", "merge")  # whose outputs are checkpoints
RETAINED = {("data", "weights"), ("data", "records", "weights"), (".vlmflow", "state")}
RETAINED_ENDS = {("checkpoints",), ("merged",), ("records", "train"), ("records", "merge")}  # anywhere in results/


class Clean:
    """One cleaning of a project's folder: what it removed and kept, by file count and bytes."""

    def __init__(self, root: Path, checkpoints: bool) -> None:
        self._root = root
        self._checkpoints = checkpoints
        self.files: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.retained: list[str] = []
        self.links: list[str] = []

    def run(self) -> None:
        """Remove the project's folders; one that is a link is left, and so is what it points to."""
        for name in FOLDERS:
            folder = self._root / name
            if folder.is_symlink():
                self.links.append(f"{name} -> {folder.readlink()}")
            elif folder.is_dir():
                self._remove(folder)

    def _remove(self, path: Path) -> bool:
        """Remove a file, a link or a folder; return False where something in it is kept."""
        parts = path.relative_to(self._root).parts
        if not self._checkpoints and self._holds_checkpoints(parts):
            self.retained.append("/".join(parts))
            return False
        if path.is_dir() and not path.is_symlink():
            removals = [self._remove(child) for child in sorted(path.iterdir())]
            if all(removals):
                path.rmdir()
            return all(removals)
        group = "/".join(parts[:2])
        self.files[group] += 1
        self.bytes[group] += path.lstat().st_size
        path.unlink()
        return True

    def _holds_checkpoints(self, parts: tuple[str, ...]) -> bool:
        if parts[:2] == (".vlmflow", "kept") and len(parts) == 3:
            return stage_of(self._root.joinpath(*parts, "entry.json")) in STAGES
        return parts in RETAINED or (parts[0] == "results" and bool({parts[-1:], parts[-2:]} & RETAINED_ENDS))

    def lines(self) -> Iterator[str]:
        """Yield what was removed, what was kept and how to remove that too."""
        for name in sorted(self.files):
            yield f"removed {name}: {self.files[name]} files, {self.bytes[name] / 1e6:.1f} MB"
        if not self.files:
            yield "Nothing was there to remove."
        for link in self.links:
            yield f"left {link}: a link; remove what it points to by hand"
        reusable = [name for name in self.retained if name.startswith(".vlmflow/kept/")]
        for name in self.retained:
            if name not in reusable:
                yield f"kept {name}"
        if reusable:
            yield f"kept .vlmflow/kept: {len(reusable)} entries, by which the next run takes checkpoints back"
        if self.retained:
            yield "make clean CHECKPOINTS=yes removes these too."


def stage_of(entry: Path) -> str | None:
    """Return the stage whose outputs an entry of .vlmflow/kept holds, None for an unreadable one."""
    try:
        stage: str = json.loads(entry.read_text())["record"]["stage"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stage


def main() -> None:
    """Clean the current folder and say what that removed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", choices=("yes", "no"), default="no", help="remove checkpoints too?")
    clean = Clean(Path.cwd(), parser.parse_args().checkpoints == "yes")
    clean.run()
    sys.stdout.write("".join(f"{line}\n" for line in clean.lines()))


if __name__ == "__main__":
    main()
