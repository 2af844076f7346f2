"""A copy of the project that a test can run and change."""

import compileall
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from tests import quick_start

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
ALONE = {"PATH": f"{BIN}:{os.environ['PATH']}"}  # variables of a command that loads its own libraries, as for a user


@cache
def _files() -> list[str]:
    """Return the files of the project, and the bytecode of its library, which this process compiles where it is old."""
    compileall.compile_dir(ROOT / "src", quiet=2)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    modules = [name for name in names if name.startswith("src/") and name.endswith(".py")]
    return names + [path for path in map(cache_from_source, modules) if (ROOT / path).is_file()]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    text: str


@dataclass(frozen=True)
class Project:
    """A copy of the project's files in a folder of its own."""

    root: Path

    @classmethod
    def copy(cls, root: Path) -> "Project":
        """Copy what git tracks or would track, with the bytecode of the library."""
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "--parents", "--preserve=all", *_files(), str(root)], cwd=ROOT, check=True)
        return cls(root)

    def clone(self, root: Path) -> "Project":
        """Copy everything, results and Snakemake's memory included, with its times."""
        subprocess.run(["cp", "--recursive", "--preserve=mode,timestamps", "-P", self.root, root], check=True)
        return Project(root)

    def run(self, *command: str, timeout: int = 1200, **variables: str) -> Done:
        """Run a command in this copy, with this copy's library."""
        output = self.root.with_name(f"{self.root.name}.output")
        with output.open("w") as file:
            done = subprocess.run(
                command,
                cwd=self.root,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                env={**self.environment(quick_start.programs(variables)), **variables},
            )
        return Done(done.returncode, output.read_text())

    def environment(self, programs: str = str(BIN)) -> dict[str, str]:
        """Return the environment of commands in this copy: its own library, this Python's programs."""
        paths = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(self.root / "src")}
        unwritten = {"PYTHONDONTWRITEBYTECODE": "1"}  # Python would take that of another edit in the same second
        return {**os.environ, **paths, **unwritten}

    def start(self, *command: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a command as a process group of its own, for tests that kill it; what it prints is kept beside."""
        with self.root.with_name(f"{self.root.name}.started").open("a") as output:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env={**self.environment(), **variables},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def snakemake(self, *options: str, **variables: str) -> Done:
        """Run Snakemake."""
        return self.run("snakemake", *options, **variables)

    def make(self, *targets: str) -> Done:
        """Make targets of the study `mini`."""
        return self.snakemake("-c2", "--config", "study=mini", "--", *targets)

    def planned(self, *options: str, **variables: str) -> Counter[str]:
        """Return how many jobs of each rule a dry run of the study `mini` lists, without `all`."""
        done = self.snakemake("-n", "-c1", *options, "--config", "study=mini", **variables)
        assert done.returncode == 0, done.text
        jobs = re.findall(r"^(?:local)?rule (\w+):$", done.text, flags=re.MULTILINE)
        assert jobs or "Nothing to be done" in done.text, done.text
        return Counter(job for job in jobs if job != "all")

    def records(self) -> dict[str, dict[str, Any]]:
        """Return the records of all jobs, by path; an empty one, of a killed job, is left out."""
        found = [path for folder in ("data", "results") for path in (self.root / folder).rglob("records/*/*.json")]
        return {
            str(path.relative_to(self.root)): json.loads(path.read_text())
            for path in sorted(found)
            if path.stat().st_size and "ledger" not in path.parts
        }

    def worked_since(self, before: dict[str, dict[str, Any]]) -> Counter[str]:
        """Return how many jobs of each rule worked since these records were read, rather than being linked back."""
        new = [
            record
            for path, record in self.records().items()
            if before.get(path, {}).get("started") != record["started"] and not record["reused"]
        ]
        return Counter(record["stage"] for record in new)

    def made(self) -> dict[str, str]:
        """Return the digest of every manifest and every file without one that jobs made, by path."""
        return {path: digest for record in self.records().values() for path, digest in record["outputs"].items()}

    def leftovers(self) -> list[Path]:
        """Return what no complete run has: partial files, saved states, Snakemake's lock and marks."""
        partials = [path for folder in ("data", "results") for path in (self.root / folder).rglob(".*.partial")]
        states = list((self.root / ".vlmflow/state").glob("*"))
        marks = [path for name in ("locks", "incomplete") for path in (self.root / ".snakemake" / name).glob("*")]
        return [*partials, *states, *marks]

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file exactly once or more."""
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))
