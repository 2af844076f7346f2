"""Strategies that choose rows of a table: one module each."""
