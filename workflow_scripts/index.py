"""Merge the shards of a dataset into its index, its health counts with a chart, and its lists of bad images."""

import logging
from collections import Counter

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_lines, write_lines
from pipeline_lib.images.index import IndexSettings, missing
from pipeline_lib.images.merging import merge_indexes
from pipeline_lib.images.picture import draw_health
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run

logger = logging.getLogger("pipeline_lib.index")


def work(job: Job[IndexSettings]) -> None:
    """Read the indexes of the shards, write the index of the dataset."""
    shards = [shard.twin(".index.parquet") for shard in job.manifests("shards")]
    failures = [row for raw in job.manifests("raw") for row in missing(read_lines(raw.twin(".failures.jsonl")))]
    merged = merge_indexes(shards, failures, job.settings.prefix, job.output("index"))
    write_text(job.output("health"), pretty_json(merged.health))
    write_text(job.output("picture"), draw_health(merged.health))
    write_lines(job.output("quarantine"), merged.quarantine)
    write_lines(job.output("doubtful"), merged.doubtful)
    for doubt, count in Counter(row["doubt"] for row in merged.doubtful).most_common():
        logger.warning("%d images: %s", count, doubt)
    logger.info("%d files, %d of them cannot be used", merged.files, len(merged.quarantine))


if __name__ == "__main__":
    outputs = ["index", "health", "picture", "quarantine", "doubtful"]
    run("index", IndexSettings, work, inputs=["shards", "raw"], outputs=outputs)
