"""Embeddings of the rows of a table by a CLIP model."""
