"""Two lineages walked in step: the first inputs in which they differ. Equal subtrees are skipped by their digests."""

from dataclasses import dataclass, field
from typing import Any, Iterator

from pipeline_lib.core.text import read_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX
from pipeline_lib.lineage.ancestors import artefact_of, job_name
from pipeline_lib.lineage.contents import content_changes
from pipeline_lib.lineage.public import public_text
from pipeline_lib.lineage.side import Side, paired
from pipeline_lib.lineage.why import changes, differences

UNEXPLAINED = "equal inputs, settings, code, libraries and machine, but other bytes: this job is not deterministic"
TORCH_KINDS = {"gpus": "device", "cuda": "device", "threads": "threads"}  # by field of the machine's torch


@dataclass(frozen=True)
class Change:
    """What differs between two jobs: its kind (setting, code, library, device, threads, machine, input, rows, …)."""

    kind: str
    text: str


@dataclass(frozen=True)
class JobDifference:
    """Two jobs that differ on their own, not only by what they read.

    `first`: all their inputs are equal.
    """

    first_artefact: str
    second_artefact: str
    job: str
    other_job: str
    first: bool
    changes: list[Change]


@dataclass
class Comparison:
    """Two results: their values, whether their bytes are equal, and the differing jobs, those furthest above first.

    `skipped` counts the pairs of inputs with equal digests, whose trees were not walked.
    """

    first: str
    second: str
    equal: bool
    values: tuple[Any, Any] | None
    differences: list[JobDifference] = field(default_factory=list)
    skipped: int = 0


def compare_sides(first: Side, second: Side, names: tuple[str, ...] = ()) -> list[Comparison]:
    """Return the comparison of every result that both sides have; `names` lead to a value in a result's file."""
    return [_compared(first, second, pair, names) for pair in paired(first, second).values()]


def _compared(first: Side, second: Side, pair: tuple[str, str], names: tuple[str, ...]) -> Comparison:
    walk = _Walk(first, second)
    equal = not walk.differ(*pair)
    names = names[2:] if names[:1] == ("runs",) and "scores/" in pair[0] else names
    values = (_value(first, pair[0], names), _value(second, pair[1], names))
    return Comparison(*pair, equal, None if values == (None, None) else values, walk.differences, walk.skipped)


class _Walk:
    """The differences of two trees so far; each pair of outputs and of jobs is compared once."""

    def __init__(self, first: Side, second: Side) -> None:
        self._first, self._second = first, second
        self._seen: set[tuple[str, str]] = set()
        self._compared: set[tuple[int, int]] = set()
        self.differences: list[JobDifference] = []
        self.skipped = 0

    def differ(self, one: str, other: str) -> bool:
        """Return whether two outputs differ; their jobs' differences are noted, those of their inputs before them."""
        left, right = self._first.records.find(one), self._second.records.find(other)
        if left is not None and right is not None and left.outputs[one] == right.outputs[other]:
            self.skipped += 1
            return False
        if (one, other) not in self._seen:
            self._seen.add((one, other))
            self._compare(one, other, left, right)
        return True

    def _compare(self, one: str, other: str, left: MadeRecord | None, right: MadeRecord | None) -> None:
        if left is None or right is None:
            missing = " and ".join(name for name, record in ((one, left), (other, right)) if record is None)
            note = Change("record", f"no record says how {missing} was made")
            self.differences.append(JobDifference(artefact_of(one), artefact_of(other), "", "", True, [note]))
            return
        if (id(left), id(right)) in self._compared:
            return
        self._compared.add((id(left), id(right)))
        pairs, alone = input_pairs(left, right)
        below = [self._inputs_differ(pair, left, right) for pair in pairs]
        local = [*alone, *job_changes(left, right), *self._contents(one, other, left)]
        if not local and not any(below):
            local = [Change("bytes", UNEXPLAINED)]
        if local:
            names = (artefact_of(one), artefact_of(other), job_name(left), job_name(right))
            self.differences.append(JobDifference(*names, not any(below), local))

    def _inputs_differ(self, pair: tuple[str, str], left: MadeRecord, right: MadeRecord) -> bool:
        """Return whether two inputs differed when the jobs read them; then walk the trees of their makers."""
        if left.inputs.get(pair[0]) == right.inputs.get(pair[1]):
            self.skipped += 1
            return False
        self.differ(*pair)
        return True

    def _contents(self, one: str, other: str, left: MadeRecord) -> list[Change]:
        if not (self._first.files and self._second.files):
            return []
        paths = self._first.records.root / one, self._second.records.root / other
        return [Change(kind, text) for kind, text in content_changes(left.stage, *paths)]


def input_pairs(left: MadeRecord, right: MadeRecord) -> tuple[list[tuple[str, str]], list[Change]]:
    """Return the inputs of two jobs in pairs, by role and name, else in order; and a change for each other input."""
    pairs: list[tuple[str, str]] = []
    alone: list[Change] = []
    for role in sorted({*left.roles, *right.roles}):
        ones, others = _listed(left, role), _listed(right, role)
        common = [name for name in ones if name in others]
        rest = [name for name in ones if name not in common], [name for name in others if name not in common]
        pairs += [(name, name) for name in common] + list(zip(*rest, strict=False))
        shorter = min(map(len, rest))
        for side, names in zip(("first", "second"), rest, strict=True):
            alone += [Change("input", f"only the {side} has {artefact_of(name)} as {role}") for name in names[shorter:]]
    return pairs, alone


def _listed(record: MadeRecord, role: str) -> list[str]:
    return [str(name) for name in record.roles.get(role) or []]


def job_changes(left: MadeRecord, right: MadeRecord) -> list[Change]:
    """Return what differs between two jobs besides their inputs: stage, settings, code, libraries, machine."""
    if left.stage != right.stage:
        return [Change("stage", f"{left.stage} → {right.stage}")]
    texts = [("setting", line) for line in differences(left.settings, right.settings)]
    if left.code != right.code:
        modules = changes(left.modules, right.modules) or [("the job", "changed")]
        texts += [("code", f"{module} {how}{_hunk(module, left, right)}") for module, how in modules]
    texts += [("library", line) for line in differences(left.libraries, right.libraries)]
    return [Change(kind, public_text(text)) for kind, text in [*texts, *_machine_changes(left, right)]]


def _hunk(module: str, left: MadeRecord, right: MadeRecord) -> str:
    """Return the command that shows how a module differs, if both commits are known and differ."""
    commits = [record.making["repository"].get("commit") for record in (left, right)]
    if None in commits or commits[0] == commits[1] or "." not in module:
        return ""
    path = f"src/{module.replace('.', '/')}.py"
    return f" (git diff {str(commits[0])[:12]} {str(commits[1])[:12]} -- {path})"


def _machine_changes(left: MadeRecord, right: MadeRecord) -> Iterator[tuple[str, str]]:
    before, now = left.making["machine"], right.making["machine"]
    torch_before, torch_now = before.get("torch") or {}, now.get("torch") or {}
    for name in sorted({*torch_before, *torch_now}):
        yield from (
            (TORCH_KINDS.get(name, "machine"), line)
            for line in differences(torch_before.get(name), torch_now.get(name), name)
        )
    for name in ("processor", "python", "environment"):
        kind = "library" if name == "python" else "machine"
        yield from ((kind, line) for line in differences(before.get(name), now.get(name), name))


def _value(side: Side, output: str, names: tuple[str, ...]) -> Any:
    """Return the value of a result: the named one, or the main metric of a score; None where there is none."""
    path = side.records.root / output
    if not side.files or path.suffix != ".json" or path.name.endswith(SUFFIX) or not path.is_file():
        return None
    content = read_json(path)
    for name in names or ("metrics", str(content.get("primary")) if isinstance(content, dict) else ""):
        content = content.get(name) if isinstance(content, dict) else None
    return content
