"""Overlap of benchmarks with the rows of trainings, and scores without the questions that it affects."""
