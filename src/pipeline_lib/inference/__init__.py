"""Inference: a model answers the questions of a benchmark."""
