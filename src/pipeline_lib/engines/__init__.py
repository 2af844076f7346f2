"""Engines: one module for each program that answers requests with a model."""
