"""Write the report of a study: one HTML page."""

from pipeline_lib.core.files import write_text
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.report.discovery import load_section
from pipeline_lib.report.page import page
from pipeline_lib.report.read import ReportFiles, read_facts
from pipeline_lib.report.settings import ReportSettings


def work(job: Job[ReportSettings]) -> None:
    """Read scores, verdicts and answers, write the page."""
    answers = [manifest.only_file() for manifest in job.manifests("answers")]
    facts = read_facts(job.settings, ReportFiles(job.paths("scores"), job.paths("verdicts"), answers))
    write_text(job.output("page"), page(facts, [load_section(name) for name in job.settings.sections]))


if __name__ == "__main__":
    run("report", ReportSettings, work, inputs=["answers"], plain=["scores", "verdicts"], outputs=["page"])
