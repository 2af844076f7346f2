"""The interface to Snakemake: plans, runs, locks, and patches of its planner and executor."""
