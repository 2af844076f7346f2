"""Choosing: what a rehearsal takes of a study's tables and benchmarks."""
