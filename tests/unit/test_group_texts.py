"""Groups of jobs: a text that one job has is the group's; two different texts are still an error."""

from typing import Any

import pytest
from snakemake.exceptions import WorkflowError
from snakemake.resources import GroupResources, Resource, Resources

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.group_texts import QUESTION, patch_group_resources


class FakeJob:
    """A job with resources."""

    is_pipe = is_service = False
    pipe_group = None

    def __init__(self, **resources: Any) -> None:
        self.resources = {"_nodes": 1, "_cores": 1, "runtime": 10, **resources}


def joined(*levels: list[FakeJob]) -> Any:
    """Return the resources of a group whose jobs run level by level."""
    constraints = Resources({"_cores": Resource("_cores", 8)})
    return GroupResources.basic_layered(
        toposorted_jobs=list(levels), constraints=constraints, run_local=False, additive_resources=["runtime"]
    )


def test_a_text_of_one_job_is_the_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    predict, judge = FakeJob(means="{}", gpu_model="a100", gpu=1), FakeJob(means_of_judge='{"a":1}')
    levels = [predict], [FakeJob(), judge], [FakeJob()]  # a submission and a judge at once, then a score
    monkeypatch.setattr(GroupResources, QUESTION, GroupResources.__dict__[QUESTION])  # restored after the test
    with pytest.raises(WorkflowError, match="is a string but not all jobs in group"):
        joined(*levels)
    patch_group_resources()
    patch_group_resources()
    group = joined(*levels)
    assert (group["means"], group["means_of_judge"], group["gpu_model"], group["gpu"]) == ("{}", '{"a":1}', "a100", 1)
    with pytest.raises(WorkflowError, match="not all jobs in group"):
        joined([FakeJob(gpu_model="a100")], [FakeJob(gpu_model="h100")])


def test_a_snakemake_without_the_patched_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(GroupResources, QUESTION)
    with pytest.raises(PipelineError, match=QUESTION):
        patch_group_resources()
