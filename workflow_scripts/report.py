"""Write the report of a study: one HTML page."""

from pipeline_lib.core.files import write_text
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.report.discovery import load_section
from pipeline_lib.report.page import page
from pipeline_lib.report.read import ReportFiles, read_facts
from pipeline_lib.report.settings import ReportSettings


def work(job: Job[ReportSettings]) -> None:
    """Read the files of the study, write the page."""
    files = ReportFiles(
        scores=job.paths("scores"),
        verdicts=job.paths("verdicts"),
        answers=[manifest.only_file() for manifest in job.manifests("answers")],
        curves={path.name.removesuffix(".curve.csv"): path for path in job.paths("curves")},
        health={path.parent.name: path for path in job.paths("health")},
        rejected={path.name.removesuffix(".rejected.jsonl"): path for path in job.paths("rejected")},
        records=job.final("page").parent / "records",
    )
    sections = [load_section(name) for name in job.settings.sections]
    write_text(job.output("page"), page(read_facts(job.settings, files), sections))


if __name__ == "__main__":
    plain = ["scores", "verdicts", "curves", "health", "rejected"]
    run("report", ReportSettings, work, inputs=["answers"], plain=plain, outputs=["page"])
