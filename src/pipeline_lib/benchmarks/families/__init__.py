"""Families: how benchmarks of one kind read answers, count them and hand them in."""
