"""Train a model by a recipe, from a checkpoint, on a subset."""

import time

from pipeline_lib.inspection.verdict import expect_no_fault
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.preview.verdict import read_verdict
from pipeline_lib.training.settings import TrainSettings


def work(job: Job[TrainSettings]) -> None:
    """Read checkpoint, subset and images, write the trained checkpoint."""
    expect_no_fault(job.paths("clearance"))
    left_out, longest = read_verdict(job.paths("verdict"))  # raises if it must not start, before anything is loaded
    from pipeline_lib.models.base import origins
    from pipeline_lib.training.curve import write_curve
    from pipeline_lib.training.inputs import read_inputs
    from pipeline_lib.training.launch import Work
    from pipeline_lib.training.memory import check_memory
    from pipeline_lib.training.noted import noted
    from pipeline_lib.training.processes import train_in_processes
    from pipeline_lib.training.resume import Resume

    material = read_inputs(job.manifests, job.paths, job.settings.seed, left_out)
    sizes = check_memory(job.settings, material, longest)
    resume = Resume(job.state(), job.save_every)
    fresh, began = resume.latest() is None, time.monotonic()
    steps, nodes = train_in_processes(Work(material, job.settings, job.output("checkpoint"), resume, job.log))
    write_curve(job.output("curve"), steps)
    timed = {"timed_steps": len(steps), "timed_seconds": round(time.monotonic() - began, 3)}
    if job.settings.recipe.makes == "vlm":
        job.note(tensors=origins(material.base, f"random, seed {job.settings.seed}"))
    job.note(rows=len(material.rows), left_out=len(left_out), steps=len(steps), nodes=nodes, **noted(resume.folder))
    job.note(sizes=sizes and [sizes.parameters, sizes.trained], **(timed if fresh else {}))  # not if resumed


if __name__ == "__main__":
    inputs = ["start", "tower", "projector", "subset", "validation"]
    files = ["clearance", "table", "indexes"]
    outputs = ["checkpoint", "curve"]
    run("train", TrainSettings, work, inputs=inputs, plain=["verdict"], files=files, outputs=outputs, of_any_name=True)
