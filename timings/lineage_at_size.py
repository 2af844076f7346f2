"""What commands of lineage cost at size: records of 5 datasets in 256 shards each, and of 50 runs on 30 benchmarks.

    snakemake --config study=mini -c2 && python timings/lineage_at_size.py [--keep FOLDER]

Each record is a copy of a real one of its stage, of the study mini, with other names and digests. The first run has a
subset of as many rows as LLaVA-1.5's data, the second one half of them, as real files. Figures are CPU seconds of a
command, the smallest of the repeats. What planning costs at size (`vlmflow why`) planning.py measures.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipeline_lib.conversations.subset import SubsetRow, write_subset
from pipeline_lib.core.digests import digest_text
from pipeline_lib.job.record import read_record, write_record

DATASETS, SHARDS, RUNS, BENCHMARKS = 5, 256, 50, 30
ROWS = 665_298
REPEATS = 3
GATHERED = "results/size/benchmark00_score.json"
SCORE = "results/size/scores/run{:02}/benchmark00.json"
COMMANDS = {
    "show": ("show", GATHERED),
    "show --html": ("show", GATHERED, "--html", "page.html"),
    "find": ("find", "stage=train", "learning_rate=1e-3"),
    "diff": ("diff", SCORE.format(0), SCORE.format(1)),
    "diff, no rows": ("diff", SCORE.format(2), SCORE.format(3)),
    "impact": ("impact", "results/size/subsets/run00"),
}


class Study:
    """The records of a made-up study, written one by one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._templates: dict[str, dict[str, Any]] = {}
        self.count = 0

    def write(self, folder: str, stage: str, name: str, outputs: list[str], **roles: list[str]) -> list[str]:
        """Write the record of a job; return its outputs."""
        content = {key: value for key, value in self._template(stage).items() if key not in ("seal", "reused")}
        inputs = [path for paths in roles.values() for path in paths]
        path = Path(folder) / "records" / stage / f"{name}.json"
        content |= {
            "roles": {**{role: [] for role in content["roles"]}, **roles},
            "inputs": {path: digest_text(path) for path in inputs},
            "outputs": {path: digest_text(path) for path in outputs},
            "path": path.as_posix(),
            "reused": None,
        }
        write_record(self._root / path, content)
        self.count += 1
        return outputs

    def _template(self, stage: str) -> dict[str, Any]:
        """Return the first real record of a stage."""
        if stage not in self._templates:
            paths = sorted(Path("data/records").glob(f"{stage}/*.json"))
            paths += sorted(Path("results/mini/records").glob(f"{stage}/*.json"))
            if not paths:
                sys.exit(f"no record of the stage {stage} is here: snakemake --config study=mini -c2")
            self._templates[stage] = read_record(paths[0])
        return self._templates[stage]


def write_study(root: Path) -> int:
    """Write all records below a folder; return how many."""
    study = Study(root)
    indexes = [write_dataset(study, f"images{number}") for number in range(DATASETS)]
    raw = study.write("data", "fetch", "talk-000", ["data/raw/talk/000.manifest.json"])
    table = study.write("data", "tabulate", "talk", ["data/tables/talk.manifest.json"], raw=raw, indexes=indexes)
    weights = study.write("data", "weights", "base", ["data/weights/base.manifest.json"], tables=table)
    scores = [write_run(study, f"run{number:02}", table, weights, indexes[:1], raw) for number in range(RUNS)]
    for number, rows in enumerate((range(ROWS), range(0, ROWS, 2))):
        write_rows(root / f"results/size/subsets/run{number:02}.parquet", rows)
    for number in range(BENCHMARKS):
        name = f"benchmark{number:02}"
        study.write(
            "results/size",
            "gather",
            name,
            [f"results/size/{name}_score.json"],
            scores=[each[number] for each in scores],
        )
    return study.count


def write_rows(path: Path, rows: range) -> None:
    """Write a subset of rows with made-up digests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_subset(path, [SubsetRow(row, f"{row:012}", digest_text(f"row {row}"), digest_text(f"{row}")) for row in rows])


def write_dataset(study: Study, name: str) -> str:
    """Write the records of a dataset's shards and of its index; return the index."""
    raw, converted = [], []
    for shard in range(SHARDS):
        raw += study.write("data", "fetch", f"{name}-{shard:03}", [f"data/raw/{name}/{shard:03}.manifest.json"])
        paths = [f"data/images/{name}/{shard:03}.manifest.json"]
        converted += study.write("data", "convert", f"{name}-{shard:03}", paths, raw=raw[-1:])
    (index,) = study.write(
        "data", "index", name, [f"data/images/{name}/index.manifest.json"], raw=raw, shards=converted
    )
    return index


def write_run(
    study: Study, name: str, table: list[str], weights: list[str], indexes: list[str], raw: list[str]
) -> list[str]:
    """Write the records of a subset, a training on it, and its answers and scores; return the scores."""
    results = "results/size"
    subset = study.write(results, "sample", name, [f"{results}/subsets/{name}.manifest.json"], table=table)
    model = study.write(
        results, "train", name, [f"{results}/checkpoints/{name}.manifest.json"], start=weights, subset=subset
    )
    scores = []
    for number in range(BENCHMARKS):
        benchmark, job = f"benchmark{number:02}", f"{name}-benchmark{number:02}"
        paths = [f"{results}/answers/{name}/{benchmark}.manifest.json"]
        answers = study.write(results, "predict", job, paths, model=model, indexes=indexes, questions=raw)
        paths = [f"{results}/scores/{name}/{benchmark}.json", f"{results}/verdicts/{name}/{benchmark}.parquet"]
        scores += study.write(results, "score", job, paths, answers=answers, questions=raw)[:1]
    return scores


def seconds(root: Path, words: tuple[str, ...]) -> float:
    """Return the CPU seconds of a command of `vlmflow lineage` in a folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(Path("src").absolute())}
    done = subprocess.run(
        ("vlmflow", "lineage", *words), cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"vlmflow lineage {' '.join(words)}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Write the records, run each command, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a folder for the records, which then remain")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or Path(scratch)
        count = write_study(root)
        figures = {name: [seconds(root, words) for _ in range(arguments.repeats)] for name, words in COMMANDS.items()}
    print(f"| of {count} records | CPU seconds |\n|---|---|")
    for name, repeats in figures.items():
        print(f"| `vlmflow lineage {name}` | {min(repeats):.2f} |")
    print(json.dumps({"records": count, "seconds": {name: min(repeats) for name, repeats in figures.items()}}))


if __name__ == "__main__":
    main()
