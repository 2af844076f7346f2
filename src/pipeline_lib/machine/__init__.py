"""This machine and its cluster: memory, GPUs, environment, and what its site files say."""
