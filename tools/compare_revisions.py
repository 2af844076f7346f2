"""Run studies at two revisions and say whether every artefact and every number of the scores is equal.

    python tools/compare_revisions.py main HEAD --studies mini config smoke

`smoke` is the real study on its stand-ins. The bytes of tensor files, image archives, indexes, tables, subsets and
submissions are compared, the answers without the digest of their model, which covers the form of its card, and every
number of the score files under its key. Paths and keys that only one revision has are listed. It exits with 1 where
something differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

BYTES = (".tar", ".parquet", ".safetensors", ".xlsx", ".tsv")
ANSWERS = "answers"
LEFT_OUT = {"raw", "records", "logs", "timings", "verdicts", "chosen"}
SMOKE = "llava15_half"
FOLDERS = {"config": "results", "smoke": f"results/{SMOKE}/smoke"}


def main() -> None:
    """Parse the command line, run both revisions, print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--studies", nargs="+", default=["mini", "config", "smoke"])
    parser.add_argument("--cores", default="2")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = [run(revision, Path(folder), arguments) for revision in (arguments.before, arguments.after)]
    differing = [line for study in arguments.studies for line in differences(study, *(facts[study] for facts in made))]
    print("\n".join(differing) or "every artefact and every number is equal")
    sys.exit(bool(differing))


def run(revision: str, folder: Path, arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return the artefacts and numbers of every study at a revision."""
    root = folder / revision.replace("/", "-")
    subprocess.run(["git", "clone", "--quiet", ".", str(root)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", full_name(revision)], cwd=root, check=True)
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    facts = {}
    for study in arguments.studies:
        name = SMOKE if study == "smoke" else study
        if study == "smoke":
            path = root / "studies" / f"{SMOKE}.yaml"
            path.write_text(path.read_text().replace("smoke: false", "smoke: true"))
        choice = [] if study == "config" else ["--config", f"study={name}"]
        command = ["snakemake", "--cores", arguments.cores, "--quiet", "all", *choice]
        subprocess.run(command, cwd=root, env=environment, check=True)
        folders = ("data", FOLDERS.get(study, f"results/{study}"))
        facts[study] = {name: fact for part in folders for name, fact in artefacts(root, root / part)}
    return facts


def full_name(revision: str) -> str:
    """Return the commit of a revision of this repository."""
    done = subprocess.run(["git", "rev-parse", revision], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def artefacts(root: Path, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the digest of every artefact below a folder by path, and every number of score files by path and key."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or LEFT_OUT & set(path.parts):
            continue
        if path.suffix in BYTES:
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()
        elif ANSWERS in path.parts and path.suffix == ".jsonl":
            yield name, [without_model(json.loads(line)) for line in path.read_text().splitlines()]
        elif path.name.endswith("_score.json"):
            yield from ((f"{name}: {key}", number) for key, number in numbers(json.loads(path.read_text())))


def without_model(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the digest of the model that gave it."""
    metadata = {key: value for key, value in answer.get("metadata", {}).items() if key != "model"}
    return {**answer, "metadata": metadata}


def numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number in nested objects and lists, by its dotted key."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in items:
        yield from numbers(part, f"{key}.{name}" if key else str(name))


def differences(study: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return a line for everything that differs; what is equal is counted and printed."""
    shared = sorted(before.keys() & after.keys())
    print(f"{study}: {len(shared)} artefacts and numbers compared")
    for label, names in (("before", before.keys() - after.keys()), ("after", after.keys() - before.keys())):
        print("\n".join(f"{study}: only {label}: {name}" for name in sorted(names)) or f"{study}: nothing only {label}")
    return [f"{study}: {name} differs" for name in shared if before[name] != after[name]]


if __name__ == "__main__":
    main()
