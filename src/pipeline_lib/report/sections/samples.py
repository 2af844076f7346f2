"""The section of samples: every question with the answers of all runs side by side, to filter and to search."""

from pathlib import Path
from typing import Any

from pipeline_lib.benchmarks.base import Verdict
from pipeline_lib.core.text import plain_text
from pipeline_lib.report.facts import BenchmarkFacts, Facts
from pipeline_lib.report.listed import cut, longest, shares, spread
from pipeline_lib.report.texts import visible

DATA_FILES = ("samples.html", "samples.js")
TEMPLATE = Path(__file__).parent / "samples.html"
SCRIPT = Path(__file__).parent / "samples.js"
TITLE = "Samples"
ORDER = 30


class Texts:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """Return the number of a text, -1 for None."""
        return -1 if text is None else self.numbers.setdefault(text, len(self.numbers))


def wanted(facts: Facts) -> bool:
    """Return whether there are answers."""
    return bool(facts.benchmarks)


def context(facts: Facts) -> dict[str, Any]:
    """Return the data of the list: different texts, and rows of their numbers; and what is left out."""
    texts = Texts()
    sizes = {each.name: len(_first(each)) for each in facts.benchmarks}
    listed = shares(sizes)
    benchmarks = [_benchmark(each, listed[each.name], texts) for each in facts.benchmarks]
    length = longest(texts.numbers)
    left_out = [
        f"{name}: {listed[name]:,} of {size:,} questions" for name, size in sizes.items() if listed[name] < size
    ]
    data = {
        "runs": facts.runs,
        "texts": [visible(cut(text, length)) for text in texts.numbers],
        "benchmarks": benchmarks,
    }
    statuses = {
        verdict.grade.status for each in facts.benchmarks for run in facts.runs for verdict in each.verdicts[run]
    }
    return {"data": data, "left_out": left_out, "length": length, "statuses": sorted(statuses)}


def _first(facts: BenchmarkFacts) -> tuple[Verdict, ...]:
    return next(iter(facts.verdicts.values()), ())


def _benchmark(facts: BenchmarkFacts, count: int, texts: Texts) -> dict[str, Any]:
    by_run = {run: {each.question.id: each for each in verdicts} for run, verdicts in facts.verdicts.items()}
    first = _first(facts)
    chosen = [first[number] for number in spread(len(first), count)]
    rows = [
        _row(facts, verdict, [(run, verdicts.get(verdict.question.id)) for run, verdicts in by_run.items()], texts)
        for verdict in chosen
    ]
    return {"name": facts.name, "parts": sorted({each.question.part for each in chosen}), "rows": rows}


def _row(facts: BenchmarkFacts, verdict: Verdict, sides: list[tuple[str, Verdict | None]], texts: Texts) -> list[Any]:
    """Return [id, part, prompt, gold, images, answers of the runs], texts by their numbers."""
    question = verdict.question
    prompts = [facts.prompts[run].get(question.id) for run, _ in sides]
    prompt = next((each for each in prompts if each is not None), None)
    answers = [
        _answer(side, texts) + ([] if own in (None, prompt) else [texts.number(own)])
        for (_, side), own in zip(sides, prompts, strict=True)
    ]
    about = (question.id, question.part, prompt, plain_text(verdict.gold), ", ".join(question.images) or None)
    return [*map(texts.number, about), answers]


def _answer(verdict: Verdict | None, texts: Texts) -> list[Any]:
    """Return [answer, extracted, rule, status, grade]; a run without the question has no answer."""
    if verdict is None:
        return [-1, -1, -1, texts.number("missing"), 0]
    grade = verdict.grade
    extracted = None if grade.extracted is None else plain_text(grade.extracted)
    about = (verdict.answer, extracted, grade.rule, grade.status)
    return [*map(texts.number, about), round(grade.value, 4)]
