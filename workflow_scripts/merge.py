"""Merge an adapter into the model that it was trained on."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.models.settings import MergeSettings


def work(job: Job[MergeSettings]) -> None:
    """Read base and adapter, write the merged model and its receipt."""
    from pipeline_lib.checkpoints.adapter_base import expect_fitting
    from pipeline_lib.models.base import given_base, origins
    from pipeline_lib.models.determinism import make_deterministic
    from pipeline_lib.models.merge import merge
    from pipeline_lib.models.portable import operations

    make_deterministic(job.settings.seed, job.settings.threads)
    base, adapter = given_base(job.manifests), job.manifest("adapter").folder()
    expect_fitting(adapter, base)
    with operations(job.settings.numerics):
        receipt = merge(base, adapter, job.settings.seed, job.output("merged"))
    write_text(job.output("receipt"), pretty_json(receipt))
    job.note(tensors=origins(base, "adapter"))
    job.note(replaced=len(receipt["replaced"]), untouched=len(receipt["untouched"]), logits=receipt["logits"])


if __name__ == "__main__":
    inputs, outputs = ["start", "tower", "projector", "adapter"], ["merged", "receipt"]
    run("merge", MergeSettings, work, inputs=inputs, outputs=outputs, of_any_name=True)
