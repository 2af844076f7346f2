"""The page of `vlmflow lineage show --html`: sentences, then the jobs above a result as a tree that opens by clicks."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Mapping, Sequence

from markupsafe import Markup

from pipeline_lib.core.text import pretty_json
from pipeline_lib.report.page import STYLE, page_templates, policy

DATA_FILES = ("page_files/lineage_page.html", "page_files/lineage_page.css")
FILES = Path(__file__).parent / "page_files"
PAGE, FURTHER_STYLE = FILES / "lineage_page.html", FILES / "lineage_page.css"
MANY = 6  # inputs of one stage, beyond which they open together

FACTS = ("job", "stage", "outputs", "settings", "code", "libraries", "machine", "commit", "dirty", "started", "seconds")

Step = Mapping[str, Any]  # a job as `vlmflow lineage show --json` has it


@dataclass(frozen=True)
class Group:
    """Inputs of a job; those of a stage with many, such as shards, have a title."""

    title: str | None
    nodes: list["Node"]


@dataclass(frozen=True)
class Node:
    """An artefact in the tree, and the position of its job among the steps, None without a record.

    `above` has its job at an earlier line. `remade` says that the job has other bytes now than `sha256`.
    """

    artefact: str
    sha256: str
    kind: Literal["job", "above", "unrecorded"]
    number: int | None = None
    remade: bool = False
    groups: list[Group] = field(default_factory=list)


def lineage_page(facts: Mapping[str, Any]) -> str:
    """Return the HTML page of the facts that `vlmflow lineage show --json` prints; it needs no script and no network.

    Every text is escaped. The same facts give the same page.
    """
    style = STYLE.read_text(encoding="utf-8") + FURTHER_STYLE.read_text(encoding="utf-8")
    templates = page_templates({"page.html": PAGE})
    templates.filters["rows"] = rows
    return templates.get_template("page.html").render(
        facts=facts, root=tree(facts["steps"]), style=Markup(style), policy=policy("", style)
    )


def rows(step: Step) -> list[tuple[str, str]]:
    """Return the facts of a job by name: texts as they are, other values as JSON, accepted changes if there are any."""
    names = [*FACTS, *(["accepted"] if step["accepted"] else [])]
    return [(name, value if isinstance(value := step[name], str) else pretty_json(value).rstrip()) for name in names]


def tree(steps: Sequence[Step]) -> Node:
    """Return the tree of the first step, which the others lead to; each job opens once, where it comes first."""
    jobs = {output: number for number, step in enumerate(steps) for output in step["outputs"]}
    artefact, sha256 = next(iter(steps[0]["outputs"].items()))
    return _node(artefact, sha256, steps, jobs, set())


def _node(artefact: str, sha256: str, steps: Sequence[Step], jobs: Mapping[str, int], seen: set[int]) -> Node:
    number = jobs.get(artefact)
    if number is None:
        return Node(artefact, sha256, "unrecorded")
    step = steps[number]
    remade = step["outputs"][artefact] != sha256
    if number in seen:
        return Node(artefact, sha256, "above", number, remade)
    seen.add(number)
    stages = {name: steps[jobs[name]]["stage"] for name in step["inputs"] if name in jobs}
    counts = Counter(stages.values())
    grouped: dict[str | None, list[Node]] = {}
    for name, digest in step["inputs"].items():
        stage = stages.get(name)
        node = _node(name, digest, steps, jobs, seen)
        grouped.setdefault(stage if stage is not None and counts[stage] > MANY else None, []).append(node)
    groups = [Group(stage and f"{len(nodes)} inputs of the stage {stage}", nodes) for stage, nodes in grouped.items()]
    return Node(artefact, sha256, "job", number, remade, groups)
