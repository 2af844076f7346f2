"""Choose the rows of a table that a rehearsal takes, with the images that they use."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.rows import RowsSettings, choose_rows, rows_of


def work(job: Job[RowsSettings]) -> None:
    """Read the source file, write the choice."""
    choice = choose_rows(rows_of(job.manifests("raw"), job.settings), job.settings)
    write_text(job.output("chosen"), pretty_json(choice))
    job.note(rows=len(choice["rows"]))


if __name__ == "__main__":
    run("choose_rows", RowsSettings, work, inputs=["raw"], outputs=["chosen"])
