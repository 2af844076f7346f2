"""Build the settings of the job that writes the report of a study."""

from pipeline_lib.config.rehearsal import stamp
from pipeline_lib.config.study import Study
from pipeline_lib.config.study_option import study_option
from pipeline_lib.report.discovery import section_names
from pipeline_lib.report.settings import ReportedBenchmark, ReportSettings


def report(study: Study, name: str) -> ReportSettings:
    """Return the settings of the job that writes the report of a study with this name."""
    return ReportSettings(
        title=study.title,
        option=study_option(name),
        stamp=stamp(study),
        seed=study.seed,
        margin=study.margin,
        benchmarks=[
            ReportedBenchmark(name=entry, benchmark=use.benchmark, protocol=use.protocol)
            for entry, use in study.benchmarks.items()
            if use.scored
        ],
        runs=list(study.runs),
        sections=section_names(),
    )
