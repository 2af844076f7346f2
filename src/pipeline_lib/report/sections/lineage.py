"""The section of lineage: the commands that show how each number was made, and check that it still holds."""

from pathlib import Path
from typing import Any

from pipeline_lib.report.facts import Facts

DATA_FILES = ("lineage.html",)
TEMPLATE = Path(__file__).parent / "lineage.html"
TITLE = "Lineage"
ORDER = 70


def wanted(facts: Facts) -> bool:
    """Return whether there is a score."""
    return bool(facts.benchmarks)


def context(facts: Facts) -> dict[str, Any]:
    """Return the score file of every benchmark, with the digests of the answers and the models behind its numbers."""
    return {
        "files": [
            {
                "path": each.path,
                "runs": [
                    {"run": run, "answers": str(score["answers"]), "model": str(score["model"])}
                    for run, score in each.scores.items()
                ],
            }
            for each in facts.benchmarks
        ]
    }
