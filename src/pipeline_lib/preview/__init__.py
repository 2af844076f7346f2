"""Inspection of a training's conversations before it starts: tokens and trained tokens of every row and in total."""
