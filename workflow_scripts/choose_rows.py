"""Choose the rows of a table that a rehearsal takes, with the images that they use."""

from functools import partial

from pipeline_lib.conversations.labelled import image_names
from pipeline_lib.conversations.source_rows import SourceFiles
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.manifest import raw_names, raw_path
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.rows import RowsSettings, choose_rows


def work(job: Job[RowsSettings]) -> None:
    """Read the source's rows, write the choice."""
    raw = job.manifests("raw")
    images = image_names(raw_names(raw), job.settings.images.values())
    choice = choose_rows(SourceFiles(raw_names(raw), partial(raw_path, raw), images), job.settings)
    write_text(job.output("chosen"), pretty_json(choice))
    job.note(rows=len(choice["rows"]))


if __name__ == "__main__":
    run("choose_rows", RowsSettings, work, inputs=["raw"], outputs=["chosen"])
