"""Inspection: the questions of a benchmark, looked at before anything is trained or asked."""
