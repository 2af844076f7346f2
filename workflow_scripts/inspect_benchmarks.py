"""Join the verdicts on all benchmarks' questions into one verdict, which trainings wait for."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.inspection.settings import InspectBenchmarksSettings
from pipeline_lib.inspection.verdict import join_verdicts
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run


def work(job: Job[InspectBenchmarksSettings]) -> None:
    """Read the verdicts, write one."""
    write_text(job.output("verdict"), pretty_json(join_verdicts(job.paths("verdicts"))))


if __name__ == "__main__":
    run("inspect_benchmarks", InspectBenchmarksSettings, work, plain=["verdicts"], outputs=["verdict"])
