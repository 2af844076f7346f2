"""What knows Snakemake: its jobs as this project plans them, and what it must run."""
