"""Scoring: answers joined with gold, verdicts, metrics with intervals. No torch: anything is re-scored on a laptop."""
