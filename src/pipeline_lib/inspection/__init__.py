"""Inspection of the questions of a benchmark, before any training or prediction."""
