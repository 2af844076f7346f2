"""Compute what tells whether two images are the same one, for the images of one shard."""

from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.overlap.settings import FingerprintSettings


def work(job: Job[FingerprintSettings]) -> None:
    """Read the images of the shard, write their fingerprints."""
    from pipeline_lib.overlap.fingerprints import fingerprints
    from pipeline_lib.overlap.prints import write_prints

    rows = fingerprints(job.manifest("shard").twin(".index.parquet"))
    write_prints(job.output("prints"), rows)
    job.note(images=len(rows))


if __name__ == "__main__":
    run("fingerprint", FingerprintSettings, work, inputs=["shard"], outputs=["prints"])
