"""What lineage costs: digests, manifests, records and code digests, beside the time of the study that they belong to.

    make demo && python timings/lineage.py

Every artefact of the default study is digested anew, its manifest written again, its code digested, a record written;
the sum is held against the seconds that the jobs took. And sha256 over one large file, beside the bare library.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline_lib.core.digests import DigestCache, digest_file
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, read_entries, write_manifest
from pipeline_lib.job.record import Record
from pipeline_lib.lineage.records import Records

LARGE = 2_000_000_000  # bytes


def main() -> None:
    """Print the two tables."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        parts = {
            "digests and manifests": total(lambda record: manifests(record, scratch)),
            "code digests": code(),
            "records": total(lambda record: write_record(record, scratch)),
        }
        jobs = [record for _, record in Records(Path()).all()]
        seconds = sum(record.making_seconds for record in jobs)
        print("| what | seconds | share |\n|---|---|---|")
        print(f"| {len(jobs)} jobs of the default study | {seconds:.1f} | 100 % |")
        for name, cost in {**parts, "lineage, together": sum(parts.values())}.items():
            print(f"| {name} | {cost:.2f} | {100 * cost / seconds:.2f} % |")
        throughput(scratch)


def total(cost: Callable[[MadeRecord], None]) -> float:
    """Return the seconds that something takes for all records."""
    began = time.perf_counter()
    for _, record in Records(Path()).all():
        cost(record)
    return time.perf_counter() - began


def manifests(record: MadeRecord, scratch: Path) -> None:
    """Digest the files of a record's manifests with an empty memory and write the manifests again."""
    cache = DigestCache(scratch / f"digests-{time.monotonic_ns()}")
    for name in record.outputs:
        path = Path(name)
        if path.name.endswith(SUFFIX):
            tops = sorted({path.parent / Path(entry.path).parts[0] for entry in read_entries(path)})
            text = path.read_bytes()
            write_manifest(path, tops, cache)
            if path.read_bytes() != text:
                raise SystemExit(f"{path} is not what was made")
        else:
            cache.digests([path])


def write_record(record: MadeRecord, scratch: Path) -> None:
    """Write a record with the facts of this machine."""
    made = Record(record.stage, record.settings, record.code, record.libraries, record.modules)
    made.write(scratch / "record.json", 0)


def code() -> float:
    """Return the seconds of digesting the code of every job in processes of their own, after the plan has done so.

    The plan before the jobs walks the code of every script once and remembers it; its time is that of a dry run.
    """
    found: dict[tuple[str, ...], int] = {}
    for _, record in Records(Path()).all():
        key = (record.stage, *record.code.split()[1:])
        found[key] = found.get(key, 0) + 1
    for key in found:
        one_code(key)
    return sum(times * one_code(key) for key, times in found.items())


def one_code(key: tuple[str, ...]) -> float:
    """Return the seconds that one job's code digest takes in a new process."""
    script = (
        "import sys, time; from pathlib import Path; from pipeline_lib.job.code.digest import code_modules; "
        f"began = time.perf_counter(); code_modules(Path('workflow_scripts/{key[0]}.py'), *{list(key[1:])!r}); "
        "print(time.perf_counter() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"}
    )
    return float(done.stdout)


def throughput(scratch: Path) -> None:
    """Print how fast a large file is digested, beside hashlib over the same bytes in memory."""
    block = bytes(range(256)) * 40_000
    path = scratch / "large"
    with path.open("wb") as file:
        for _ in range(LARGE // len(block)):
            file.write(block)
    digest_file(path)  # the file is in memory now, so the disk is not measured
    began = time.perf_counter()
    digest_file(path)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(LARGE // len(block)):
        hashlib.sha256(block)
    bare = time.perf_counter() - began
    print("\n| sha256 of 2 GB | GB/s a core |\n|---|---|")
    print(f"| digest_file | {LARGE / ours / 1e9:.2f} |\n| hashlib, bytes in memory | {LARGE / bare / 1e9:.2f} |")


if __name__ == "__main__":
    main()
