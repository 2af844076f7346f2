"""Convert the images of one shard: an archive of the converted images, and an index of all files."""

from pipeline_lib.images.index import health, write_index
from pipeline_lib.images.shard import ShardSettings, convert_shard
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[ShardSettings]) -> None:
    """Read the raw shard, write its archive and index."""
    raw = job.manifest("raw")
    folder = raw.folder()
    files = [file for file in raw.files() if file.is_relative_to(folder)]  # not the failures list
    archive, settings = job.final("archive"), job.settings
    rows = convert_shard(folder, files, job.output("archive"), archive, settings, settings.processes)
    write_index(job.output("index"), rows)
    job.note(health=health(rows))


if __name__ == "__main__":
    run("convert", ShardSettings, work, inputs=["raw"], outputs=["archive", "index"])
