"""Estimate the cost of the stages that would run."""
