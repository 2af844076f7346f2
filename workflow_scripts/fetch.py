"""Fetch one shard of a source: its raw files, unchanged, and a list of those that could not be fetched."""

from dataclasses import asdict

from pipeline_lib.core.text import write_lines
from pipeline_lib.fetching.shard import FetchSettings, fetch_shard, still_holds
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen_images


def work(job: Job[FetchSettings]) -> None:
    """Fetch into the output folder."""
    dataset = job.final("raw").parent.name
    fetched = fetch_shard(job.settings, job.output("raw"), chosen_images(job.manifests("chosen"), dataset))
    write_lines(job.output("failures"), map(asdict, fetched.failures))
    job.note(files=fetched.files, unreachable=len(fetched.failures), pins=fetched.pins, source=fetched.source)


if __name__ == "__main__":
    run("fetch", FetchSettings, work, inputs=["chosen"], outputs=["raw", "failures"], holds=still_holds)
