"""What a stage gave when it was made again: the same digests, or else the reason."""

from typing import Any

from pipeline_lib.lineage.why import changes, differences

Record = dict[str, Any]


def verdict(before: Record | None, after: Record | None) -> str:
    """Return in a few words how two makings of a job compare, with everything recorded that could be the reason."""
    if after is None or after["exit"] != 0:
        return "failed"
    if before is None:
        return "made for the first time"
    if before["outputs"] == after["outputs"]:
        return "re-made, same digest"
    return "re-made, other digest: " + ("; ".join(reasons(before, after)) or "nothing recorded differs")


def reasons(before: Record, after: Record) -> list[str]:
    """Return what differs between the makings that two records tell of."""
    found = list(differences(before["settings"], after["settings"]))
    found += [f"code of {module} {how}" for module, how in changes(before["modules"], after["modules"])]
    found += [f"library {line}" for line in differences(before["libraries"], after["libraries"])]
    found += [f"input {line}" for line in differences(_short(before["inputs"]), _short(after["inputs"]))]
    numeric = ("processor", "python", "environment", "torch")
    return found + [
        line for name in numeric for line in differences(before["machine"][name], after["machine"][name], name)
    ]


def _short(digests: dict[str, str]) -> dict[str, str]:
    return {path: digest[:12] for path, digest in digests.items()}
