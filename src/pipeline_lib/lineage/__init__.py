"""Lineage: the records and manifests of a file, back to its raw bytes."""
