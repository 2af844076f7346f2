"""Models on disk and in memory: tokenizers, language models, CLIP, LLaVA; saved in the hub's layout."""
