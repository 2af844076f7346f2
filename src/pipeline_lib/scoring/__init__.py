"""Scoring: answers joined with gold, verdicts, metrics with intervals. Needs no torch, so a laptop can re-score."""
