"""The results of a study as pandas data frames, for notebooks: `from pipeline_lib import results`."""

from pipeline_lib.results.frames import answers, curves, scores, verdicts

__all__ = ["answers", "curves", "scores", "verdicts"]
