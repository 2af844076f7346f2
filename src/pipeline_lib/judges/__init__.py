"""Judges: one module a judge, which replies to the requests of judged benchmarks about answers."""
