"""Images: what a raw file is, converting it where needed, the index, and reading by path."""
