"""Make a validated table of LLaVA's conversations, and a list of the rows that cannot be used."""

from pipeline_lib.core.chosen import chosen
from pipeline_lib.core.job import Job
from pipeline_lib.core.manifest import raw_path
from pipeline_lib.core.program import run
from pipeline_lib.core.text import write_lines
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.instruct.table import write_table
from pipeline_lib.instruct.tabulate import TabulateSettings, tabulate


def work(job: Job[TabulateSettings]) -> None:
    """Read the source file and the image indexes, write the table."""
    images = ImageReader([manifest.file("index.parquet") for manifest in job.manifests("indexes")])
    source = raw_path(job.manifests("raw"), job.settings.file)
    rows, rejected = tabulate(source, images, job.settings, chosen(job.manifests("chosen"), "rows"))
    write_table(job.output("table"), rows)
    write_lines(job.output("rejected"), rejected)
    job.note(rows=len(rows), rejected=len(rejected))


if __name__ == "__main__":
    run("tabulate", TabulateSettings, work, inputs=["raw", "indexes", "chosen"], outputs=["table", "rejected"])
