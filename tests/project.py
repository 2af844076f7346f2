"""A copy of the project that a test can run and change."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


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
        """Copy what git tracks or would track."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        return cls(root)

    def clone(self, root: Path) -> "Project":
        """Copy everything, results and Snakemake's memory included, with its times."""
        shutil.copytree(self.root, root, symlinks=True)
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
                env={**self.environment(), **variables},
            )
        return Done(done.returncode, output.read_text())

    def environment(self) -> dict[str, str]:
        """Return the environment of commands in this copy: its own library, this Python's programs."""
        return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(self.root / "src")}

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
