"""Recipes: how a training stage trains. Each module defines only what differs from other recipes.

A recipe module has `Settings` and `prepare(settings, material)`, which returns a task (`training.task`). A recipe
whose settings are not an `Optimisation` takes no optimizer step.
"""
