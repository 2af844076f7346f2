"""Build the settings of the jobs that embed tables and report on subsets, as `stages.py` does those of other jobs."""

from pipeline_lib.config.study import Study
from pipeline_lib.conversations.report import ReportSettings
from pipeline_lib.embedding.settings import EmbedSettings


def embed(study: Study) -> EmbedSettings:
    """Return the settings of every embed job."""
    return EmbedSettings(threads=study.threads, numerics=study.numerics_of_jobs(), device=study.device)


def report_subset() -> ReportSettings:
    """Return the settings of every report_subset job."""
    return ReportSettings()
