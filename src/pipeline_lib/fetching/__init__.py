"""The fetch stage: the raw files of one shard of a source, unchanged."""
