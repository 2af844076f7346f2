"""Make a validated table of LLaVA's conversations, their pins, a list of unusable rows and one of unused keys."""

import logging
from functools import partial

from pipeline_lib.conversations.labelled import indexed_images
from pipeline_lib.conversations.source_rows import SourceFiles, source_rows
from pipeline_lib.conversations.tabulate import TabulateSettings, refusal, tabulate
from pipeline_lib.conversations.writing import TableWriter
from pipeline_lib.core.text import write_lines
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.job import Job
from pipeline_lib.job.manifest import raw_names, raw_path
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen

SHOWN = 20  # unused keys in the log and the record, the most frequent first

logger = logging.getLogger("pipeline_lib.tabulate")


def work(job: Job[TabulateSettings]) -> None:
    """Read the source file and the image indexes, write the table."""
    indexes = [manifest.file("index.parquet") for manifest in job.manifests("indexes")]
    raw = job.manifests("raw")
    labelled = indexed_images(indexes) if job.settings.question else ()
    files = SourceFiles(raw_names(raw), partial(raw_path, raw), labelled)
    where = job.settings.file or "the table's sets or images"
    rows = chosen(job.manifests("chosen"), "rows")
    with TableWriter(job.output("table"), job.output("pins")) as writer:
        table = tabulate(source_rows(job.settings, files), ImageReader(indexes), where, rows, writer)
    for key in table.unused_keys[:SHOWN]:
        logger.warning("{rows:,} rows have `{key}`, an unread key (the first is row {first_row})".format(**key))
    listing = job.log.with_suffix(".rejected.jsonl")  # Snakemake removes the outputs of a job that fails
    error = refusal(table, job.settings, rows is not None, where, listing)
    if error is not None:
        write_lines(listing, table.rejected)
        raise error
    listing.unlink(missing_ok=True)
    write_lines(job.output("rejected"), table.rejected)
    write_lines(job.output("unused"), table.unused_keys)
    job.note(rows=len(table.rows), rejected=len(table.rejected), unused_keys=table.unused_keys[:SHOWN])


if __name__ == "__main__":
    outputs = ["table", "pins", "rejected", "unused"]
    run("tabulate", TabulateSettings, work, inputs=["raw", "indexes", "chosen"], outputs=outputs)
