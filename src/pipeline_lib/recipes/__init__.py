"""Recipes: how a training stage trains. One module each, which says only what differs.

A recipe module has `Settings` and `prepare(settings, material)`, which returns a task (`training.task`). A recipe
whose settings are no `Optimisation` takes no step.
"""
