"""Fetch one shard of a source: its raw files, as they are."""

from pipeline_lib.core.job import Job
from pipeline_lib.core.program import run
from pipeline_lib.fetching.shard import FetchSettings, fetch_shard


def work(job: Job[FetchSettings]) -> None:
    """Fetch into the output folder."""
    job.note(files=fetch_shard(job.settings, job.output("raw")))


if __name__ == "__main__":
    run("fetch", FetchSettings, work, outputs=["raw"])
