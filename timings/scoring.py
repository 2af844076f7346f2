"""What scoring costs: POPE's 8,910 answers from files to JSON, the rows a second of every scorer, all recordings.

    python timings/scoring.py [--official DIR]

`--official` is a folder with checkouts named as in `official_functions.py`, whose functions grade the same rows beside
ours, and LLaVA's script for POPE; without it, they are not measured. Captions are compared with pycocoevalcap where it
is installed, by the words that its tokenizer would give, as both count them.

CPU seconds, with the start of the interpreter where a command is measured; the smallest of several runs. Questions,
gold and answers are made here, about digit scenes; a scorer grades the gold answers themselves. The recordings are the
tests of recorded answers of real models, which lie beside the project on some machines only.
"""

import argparse
import importlib.util
import re
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).parent.parent))
from official_functions import CHECKOUTS, OFFICIAL
from tests.project import ROOT
from tests.unit.test_stand_ins import CAPTIONS, JUDGED, fetch, right_answer, stand_ins

from pipeline_lib.benchmarks.base import Files, Grade, Question, Verdict
from pipeline_lib.benchmarks.families.captions import _sums as sums_of
from pipeline_lib.core.plugins import load, names
from pipeline_lib.core.text import write_lines
from pipeline_lib.digits.pope import label_rows

SCENES = 1485  # of six questions each: 8,910, as in LLaVA's file
REPEATS = 5
RECORDED = re.compile(r"def test_[^)]*: Recordings")  # tests of them; others only have the word in their names
ENOUGH = 0.2  # seconds for which a scorer grades
QUESTIONS = "files/llava_pope_test.jsonl"
SIZES, THINGS = ("small", "large", "red", "old", "new"), ("cat", "dog", "car", "tree", "house")
PLACES = ("street", "table", "roof", "field", "river bank")


def main() -> None:
    """Measure, and print a table a subject."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--official", type=Path)
    official = parser.parse_args().official
    with tempfile.TemporaryDirectory() as folder:
        print("POPE, 8,910 answers, CPU seconds:", ", ".join(pope(Path(folder), official)), "\n")
    print("| benchmark | protocol | rows graded a second | by the official function | rows counted a second |")
    print("|---|---|---|---|---|")
    for name in (name for name in names("benchmarks") if name not in (*JUDGED, *CAPTIONS)):
        for protocol, graded, counted, theirs in scorers(name, official):
            print(f"| {name} | {protocol} | {graded:,.0f} | {theirs} | {counted:,.0f} |")
    print("\nofficial functions: " + ", ".join(CHECKOUTS.values()) if official else "\nno official function")
    print("\ncaptions a second: " + ", ".join(captions()))
    print(f"\nall recordings: {recordings():.1f} s of CPU")


def pope(folder: Path, official: Path | None) -> list[str]:
    """Return the CPU seconds of scoring POPE by the command, and by LLaVA's script."""
    fetch({"kind": "digits_pope", "part": "test", "scenes": SCENES}, folder / "files")
    rows = [
        {"question_id": first + row["question_id"] - 1, "text": row["label"].capitalize()}
        for category, first in (("adversarial", 1), ("random", 10_000_001), ("popular", 20_000_001))
        for row in label_rows(42, "test", SCENES, category)
    ]
    write_lines(folder / "answers.jsonl", rows)
    questions, labels, answers = (str(folder / name) for name in (QUESTIONS, "files/labels", "answers.jsonl"))
    command = ("vlmflow", "score", answers, "--benchmark", "pope", "--questions", questions, "--gold", labels, "--json")
    lines = [f"`vlmflow score --json` {min(cpu_of(*command) for _ in range(REPEATS)):.2f}"]
    script = official and official / "LLaVA/llava/eval/eval_pope.py"
    if script and script.is_file():
        files = ("--annotation-dir", labels, "--question-file", questions, "--result-file", answers)
        seconds = min(cpu_of(sys.executable, str(script), *files) for _ in range(REPEATS))
        lines.append(f"LLaVA's `eval_pope.py` {seconds:.2f}")
    return lines


def scorers(name: str, official: Path | None) -> list[tuple[str, float, float, str]]:
    """Return, for every protocol, the rows that a scorer grades and counts in a second, and those of others."""
    with tempfile.TemporaryDirectory() as folder:
        module, (files, _) = load("benchmarks", name), stand_ins(name, Path(folder))
        return [(protocol, *speeds(module, name, files, protocol, official)) for protocol in module.PROTOCOLS]


def speeds(module: Any, name: str, files: Files, protocol: str, official: Path | None) -> tuple[float, float, str]:
    """Return the rows that a scorer grades in a second, and counts, and those that the official function grades."""
    questions = module.questions(files, protocol)
    gold = module.gold(files, questions, protocol)
    texts = {each.id: right_answer(name, each, gold[each.id]) for each in questions}
    grades: dict[str, Grade] = {}

    def grade() -> None:
        for each in questions:
            grades[each.id] = module.SCORER.grade(each, gold[each.id], texts[each.id], protocol)

    graded = rate(grade, len(questions))
    verdicts = [Verdict(each, gold[each.id], texts[each.id], grades[each.id]) for each in questions]
    parts = sorted({each.part for each in questions})
    counted = rate(
        lambda: module.SCORER.metrics(module.SCORER.tally(verdicts, parts).sum(axis=0), parts), len(questions)
    )
    functions = OFFICIAL.get((name, protocol))
    theirs = functions.load(official) if functions and official else None
    if theirs is None:
        return graded, counted, ""
    seconds = rate(lambda: [theirs(each, gold[each.id], texts[each.id]) for each in questions], len(questions))
    return graded, counted, f"{seconds:,.0f}"


def rate(work: Callable[[], Any], rows: int) -> float:
    """Return how many rows a second `work` does, which does so many at a time."""
    began, done = time.process_time(), 0
    while time.process_time() - began < ENOUGH:
        work()
        done += rows
    return done / (time.process_time() - began)


def captions() -> list[str]:
    """Return the captions a second of CIDEr-D, BLEU and ROUGE-L, and pycocoevalcap's where it is installed."""
    words = [(f"a {size} {thing} on the {place}", size) for size in SIZES for thing in THINGS for place in PLACES]
    texts = [[f"{text} today", f"there is {text}", text, f"one {size} thing", text[2:]] for text, size in words]
    rows = [
        Verdict(Question(str(number), "?", (), "all"), [*others], text, Grade(1.0, text, "rouge_l"))
        for number, ((text, _), others) in enumerate(zip(words, texts, strict=True))
    ]
    captions = [text for text, _ in words]
    lines = [f"ours {rate(lambda: sums_of(rows, captions, texts), len(rows)):,.0f}"]
    if importlib.util.find_spec("pycocoevalcap"):
        lines.append(f"pycocoevalcap {rate(lambda: official_captions(captions, texts), len(rows)):,.0f}")
    return lines


def official_captions(captions: list[str], references: list[list[str]]) -> None:
    """Score captions by pycocoevalcap."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    gold, results = dict(enumerate(references)), {number: [text] for number, text in enumerate(captions)}
    for scorer in (Cider(), Bleu(4), Rouge()):
        with redirect_stdout(StringIO()):
            scorer.compute_score(gold, results)


def recordings() -> float:
    """Return the CPU seconds of all tests of whole recordings; 0 where they are not."""
    files = [path for path in sorted((ROOT / "tests/unit").glob("test_*.py")) if RECORDED.search(path.read_text())]
    return cpu_of("pytest", "-q", "-k", "recorded and whole", *map(str, files))


def cpu_of(*command: str) -> float:
    """Return the CPU seconds of a command; one that fails raises an error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
