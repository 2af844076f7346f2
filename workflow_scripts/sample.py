"""Choose the rows of a subset."""

from pipeline_lib.conversations.holdout import apart_from, held_out
from pipeline_lib.conversations.sample import SampleSettings, sample, sample_pins
from pipeline_lib.conversations.subset import write_pins, write_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[SampleSettings]) -> None:
    """Read the table, or only the pins of its rows, and what is held out of it; write the subset."""
    held = held_out(*([each.only_file() for each in job.manifests(name)] for name in ("held", "shared")))
    manifest = job.manifest("table")
    pins = None if held.images or held.rows else sample_pins(manifest.twin(".pins.parquet"), job.settings)
    if pins is not None:
        write_pins(job.output("subset"), pins)
        job.note(rows=len(pins), held_out=0)
        return
    table = read_table(manifest.twin(".parquet"))
    remaining = apart_from(held, table)
    rows = sample(remaining, job.settings)
    write_subset(job.output("subset"), rows)
    job.note(rows=len(rows), held_out=len(table) - len(remaining))


if __name__ == "__main__":
    run("sample", SampleSettings, work, inputs=["table", "held", "shared"], outputs=["subset"])
