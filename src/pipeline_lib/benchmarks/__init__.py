"""Benchmarks: questions, gold answers and scorers, one module each."""
