"""This machine and its cluster: memory, GPUs, environment variables, and the site's settings files."""
