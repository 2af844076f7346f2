"""Benchmarks: their questions, gold and scorers. One module each."""
