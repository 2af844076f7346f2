"""Build the settings of the jobs that compare benchmarks with the rows of trainings."""

from pipeline_lib.config.ancestry import seen_subsets, unknown_origins
from pipeline_lib.config.stages import question_files, score
from pipeline_lib.config.study import Study
from pipeline_lib.overlap.clean import CleanScoreSettings
from pipeline_lib.overlap.settings import FingerprintSettings, Overlap, OverlapSettings, SharedImagesSettings


def fingerprint() -> FingerprintSettings:
    """Return the settings of every fingerprint job."""
    return FingerprintSettings()


def overlap(study: Study, benchmark: str, subsets: list[str]) -> OverlapSettings:
    """Return the settings of the job that compares a benchmark with subsets."""
    return OverlapSettings(**shared_images(study, benchmark).model_dump(), subsets=subsets)


def shared_images(study: Study, benchmark: str) -> SharedImagesSettings:
    """Return the settings of the jobs that compare a benchmark's images with those of a table."""
    use, near = study.benchmarks[benchmark], (study.overlap or Overlap()).near
    return SharedImagesSettings(benchmark=use.benchmark, protocol=use.protocol, files=question_files(use), near=near)


def clean_score(study: Study, benchmark: str) -> CleanScoreSettings:
    """Return the settings of the job that scores a benchmark without the questions that its overlap affects."""
    runs = sorted(study.runs)
    return CleanScoreSettings(
        runs={run: score(study, benchmark, run) for run in runs},
        seen={run: seen_subsets(study, run) for run in runs},
        not_compared={run: unknown_origins(study, run) for run in runs},
    )
