"""What scoring costs: POPE's 8,910 answers from files to JSON, the rows a second of every scorer, all recordings.

    python timings/scoring.py

CPU seconds, with the start of the interpreter where a command is measured; the smallest of several runs. Questions,
gold and answers are made here, about digit scenes; a scorer grades the gold answers themselves. The recordings are the
tests of recorded answers of real models, which lie beside the project on some machines only.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.project import ROOT
from tests.unit.test_stand_ins import CAPTIONS, JUDGED, fetch, right_answer, stand_ins

from pipeline_lib.benchmarks.base import Files, Grade, Verdict
from pipeline_lib.core.plugins import load, names
from pipeline_lib.core.text import write_lines
from pipeline_lib.digits.pope import label_rows

SCENES = 1485  # of six questions each: 8,910, as in LLaVA's file
REPEATS = 5
ENOUGH = 0.2  # seconds for which a scorer grades


def main() -> None:
    """Measure, and print a table a subject."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"POPE, 8,910 answers, `vlmflow score --json`: {pope(Path(folder)):.2f} s of CPU\n")
    print("| benchmark | protocol | rows graded a second | rows counted a second |\n|---|---|---|---|")
    for name in (name for name in names("benchmarks") if name not in (*JUDGED, *CAPTIONS)):
        for protocol, graded, counted in scorers(name):
            print(f"| {name} | {protocol} | {graded:,.0f} | {counted:,.0f} |")
    print(f"\nall recordings: {recordings():.1f} s of CPU")


def pope(folder: Path) -> float:
    """Return the CPU seconds of scoring POPE by the command."""
    fetch({"kind": "digits_pope", "part": "test", "scenes": SCENES}, folder / "files")
    rows = [
        {"question_id": first + row["question_id"] - 1, "text": row["label"].capitalize()}
        for category, first in (("adversarial", 1), ("random", 10_000_001), ("popular", 20_000_001))
        for row in label_rows(42, "test", SCENES, category)
    ]
    write_lines(folder / "answers.jsonl", rows)
    files = ("--questions", str(folder / "files/llava_pope_test.jsonl"), "--gold", str(folder / "files/labels"))
    command = ("vlmflow", "score", str(folder / "answers.jsonl"), "--benchmark", "pope", *files, "--json")
    return min(cpu_of(*command) for _ in range(REPEATS))


def scorers(name: str) -> list[tuple[str, float, float]]:
    """Return, for every protocol of a benchmark, how many rows its scorer grades and counts in a second."""
    with tempfile.TemporaryDirectory() as folder:
        module, (files, _) = load("benchmarks", name), stand_ins(name, Path(folder))
        return [(protocol, *speeds(module, name, files, protocol)) for protocol in module.PROTOCOLS]


def speeds(module: Any, name: str, files: Files, protocol: str) -> tuple[float, float]:
    """Return the rows that a scorer grades in a second, and those that it counts."""
    questions = module.questions(files, protocol)
    gold = module.gold(files, questions, protocol)
    texts = {each.id: right_answer(name, each, gold[each.id]) for each in questions}
    grades: dict[str, Grade] = {}
    began, rows = time.process_time(), 0
    while time.process_time() - began < ENOUGH:
        for each in questions:
            grades[each.id] = module.SCORER.grade(each, gold[each.id], texts[each.id], protocol)
        rows += len(questions)
    graded = rows / (time.process_time() - began)
    verdicts = [Verdict(each, gold[each.id], texts[each.id], grades[each.id]) for each in questions]
    parts = sorted({each.part for each in questions})
    began, rows = time.process_time(), 0
    while time.process_time() - began < ENOUGH:
        module.SCORER.metrics(module.SCORER.tally(verdicts, parts).sum(axis=0), parts)
        rows += len(questions)
    return graded, rows / (time.process_time() - began)


def recordings() -> float:
    """Return the CPU seconds of all tests of whole recordings; 0 where they are not."""
    return cpu_of("pytest", "-q", "-k", "recorded and whole", "tests/unit")


def cpu_of(*command: str) -> float:
    """Return the CPU seconds of a command; one that fails raises an error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
