"""Recipes: how a training stage trains. One module each, which says only what differs."""
