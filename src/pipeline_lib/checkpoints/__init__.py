"""Checkpoints in the layouts of others: read, converted, written."""
