"""The verdict on a training's conversations: which rows it leaves out, or why it must not start."""

from pathlib import Path
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_object
from pipeline_lib.core.tolerance import allowed
from pipeline_lib.preview.counts import RowCount, untrained_rows
from pipeline_lib.preview.settings import InspectSettings

SCHEMA = 1

Verdict = dict[str, Any]


def verdict(counts: list[RowCount], settings: InspectSettings) -> Verdict:
    """Return the rows to leave out, which have no trained token, and the longest row; or a refusal if too many.

    The original trains with such rows, which add nothing to a loss; so does `as_original`, which leaves none out.
    A training reads the verdict, so it contains nothing that does not change the training.
    """
    untrained = untrained_rows(counts)
    if len(untrained) == len(counts) or len(untrained) > allowed(settings.untrained, len(counts), settings.sample):
        return {"schema": SCHEMA, "left_out": [], "longest": 0, "refused": _refusal(untrained, len(counts), settings)}
    left_out = [] if settings.as_original else [count.row for count in untrained]
    longest = max(count.tokens - count.lost for count in counts)
    return {"schema": SCHEMA, "left_out": left_out, "longest": longest, "refused": None}


def read_verdict(paths: list[Path]) -> tuple[set[int], int | None]:
    """Return the rows that a training leaves out and the tokens of its longest row; a refusal raises PipelineError.

    The longest row is known only for rows with images. A training without rows has no verdict.
    """
    if not paths:
        return set(), None
    (path,) = paths
    content: Verdict = read_object(path)
    refused = content["refused"]
    if refused is not None:
        counts = path.with_name(path.name.replace(".verdict.json", ".json"))
        cure = f"{refused['cure']}. All of them are listed in {counts} under `untrained_rows`"
        raise PipelineError(refused["what"], where=path, value=refused["value"], cure=cure)
    return set(content["left_out"]), content["longest"]


def _refusal(untrained: list[RowCount], rows: int, settings: InspectSettings) -> dict[str, str]:
    needed = [count.first + 1 for count in untrained if count.first is not None]
    silent = len(untrained) - len(needed)
    causes, cures = [], []
    if needed:
        causes.append(f"{len(needed):,} are cut to {settings.max_length} tokens before their first trained one")
        cures.append(f"raise the recipe's max_length: {max(needed)} trains a token of every cut row")
    if silent:
        causes.append(f"in {silent:,} the template {settings.template!r} marks no token to train")
        cures.append("look whether the template is that of the data, and whether answers are empty")
    examples = ", ".join(f"row {count.row}" for count in untrained[:5])
    return {
        "what": f"{len(untrained):,} of {rows:,} rows have no trained token; {settings.untrained:.2%} may",
        "value": f"{'; '.join(causes) or 'there is no row'}: {examples or 'none'}",
        "cure": "; or ".join([*cures, "raise `untrained` of this training to leave them out"]),
    }
