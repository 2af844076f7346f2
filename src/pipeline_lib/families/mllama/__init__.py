"""Llama 3.2 Vision: a language model whose cross-attention layers read the tiles of images."""
