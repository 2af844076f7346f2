"""The command `vlmflow`."""
