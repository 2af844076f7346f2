"""The fetch stage: raw files of one shard of a source, as they are."""
