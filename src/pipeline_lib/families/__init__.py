"""Families of vision-language models: a folder each, whose module `model` has the members of `models/family.py`."""
