"""Tensors, shards, metadata and tokenizers of checkpoints, in any layout."""
