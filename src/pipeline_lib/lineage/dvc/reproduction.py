"""Whether a second run of a stage has the same digests, and if not, why."""

from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.why import changes, differences


def verdict(before: MadeRecord | None, after: MadeRecord | None) -> str:
    """Return how two runs of a job compare in a few words, with every recorded difference."""
    if after is None or not after.succeeded:
        return "failed"
    if before is None:
        return "made for the first time"
    if before.outputs == after.outputs:
        return "re-made, same digest"
    return "re-made, other digest: " + ("; ".join(reasons(before, after)) or "nothing recorded differs")


def reasons(before: MadeRecord, after: MadeRecord) -> list[str]:
    """Return the differences between two records."""
    lines = list(differences(before.settings, after.settings))
    lines += [f"code of {module} {how}" for module, how in changes(before.modules, after.modules)]
    lines += [f"library {line}" for line in differences(before.libraries, after.libraries)]
    lines += [f"input {line}" for line in differences(_short(before.inputs), _short(after.inputs))]
    numeric = ("processor", "python", "environment", "torch")
    return lines + [line for name in numeric for line in differences(before.machine[name], after.machine[name], name)]


def _short(digests: dict[str, str]) -> dict[str, str]:
    return {path: digest[:12] for path, digest in digests.items()}
