"""Merge the shards of a dataset into its index, its health counts with a chart, and its lists of bad images."""

import logging
from collections import Counter

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_lines, write_lines
from pipeline_lib.images.index import (
    IndexSettings,
    doubtful,
    health,
    merge,
    missing,
    quarantine,
    read_index,
    write_index,
)
from pipeline_lib.images.picture import draw_health
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run

logger = logging.getLogger("pipeline_lib.index")


def work(job: Job[IndexSettings]) -> None:
    """Read the indexes of the shards, write the index of the dataset."""
    shards = [read_index(shard.twin(".index.parquet")) for shard in job.manifests("shards")]
    failures = [missing(read_lines(raw.twin(".failures.jsonl"))) for raw in job.manifests("raw")]
    rows = merge([*shards, *failures], job.settings.prefix)
    write_index(job.output("index"), rows)
    write_text(job.output("health"), pretty_json(health(rows)))
    write_text(job.output("picture"), draw_health(health(rows)))
    write_lines(job.output("quarantine"), quarantine(rows))
    write_lines(job.output("doubtful"), doubtful(rows))
    for doubt, count in Counter(row["doubt"] for row in doubtful(rows)).most_common():
        logger.warning("%d images: %s", count, doubt)
    logger.info("%d files, %d of them cannot be used", len(rows), len(quarantine(rows)))


if __name__ == "__main__":
    outputs = ["index", "health", "picture", "quarantine", "doubtful"]
    run("index", IndexSettings, work, inputs=["shards", "raw"], outputs=outputs)
