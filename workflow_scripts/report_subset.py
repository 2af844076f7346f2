"""Report what a subset has of its table, and what of the other subsets, with a picture."""

from pathlib import Path

from pipeline_lib.conversations.report import ReportSettings, report
from pipeline_lib.conversations.report_picture import draw_report
from pipeline_lib.conversations.subset import read_subset
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[ReportSettings]) -> None:
    """Read the table and its subsets, write the report and the picture."""
    table = read_table(job.manifest("table").twin(".parquet"))
    others = {_name(other.path): _rows(other.only_file()) for other in job.manifests("others")}
    subset = job.manifest("subset")
    content = report(table, _rows(subset.only_file()), others)
    write_text(job.output("report"), pretty_json(content))
    write_text(job.output("picture"), draw_report(_name(subset.path), content))
    job.note(rows=content["rows"]["subset"])


def _rows(subset: Path) -> set[int]:
    return {row.row for row in read_subset(subset)}


def _name(manifest: Path) -> str:
    return manifest.name.removesuffix(".manifest.json")


if __name__ == "__main__":
    outputs = ["report", "picture"]
    run("report_subset", ReportSettings, work, inputs=["subset", "table", "others"], outputs=outputs)
