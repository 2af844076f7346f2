"""Patch how Snakemake joins the resources of a group of jobs: a text that some jobs have is the group's.

Unpatched, Snakemake 9.27 takes a resource that a job does not have for 0, and stops where another job of the group that
may run beside it has a text, such as the way to its server.
"""

from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.facts import library_versions

PACKAGE = "snakemake"
QUESTION = "_is_string_resource"


def patch_group_resources() -> None:
    """Let jobs without a text be in a group with one; a Snakemake without the patched name raises PipelineError."""
    from snakemake.resources import GroupResources

    original = getattr(GroupResources, QUESTION, None)
    if original is None:
        raise PipelineError(
            f"this project cannot patch this version of Snakemake: {QUESTION!r} is gone",
            where=GroupResources.__module__, value=f"{PACKAGE} {library_versions([PACKAGE])[PACKAGE]}",
            cure="make setup installs the pinned version",
        )  # fmt: skip
    if not hasattr(original, "fills"):
        setattr(GroupResources, QUESTION, filled(original))


def filled(original: Any) -> Any:
    """Return the question whether values are texts, which first gives the text to the jobs that have none."""

    def is_string_resource(name: str, values: list[Any]) -> bool:
        text = next((value for value in values if isinstance(value, str)), None)
        if text is not None:
            values[:] = [text if value == 0 else value for value in values]  # the caller takes the first one
        answer: bool = original(name, values)
        return answer

    is_string_resource.fills = True  # type: ignore[attr-defined]
    return staticmethod(is_string_resource)
