"""Models on disk and in memory: tokenizers, language models, CLIP, LLaVA; saved in the Hugging Face layout."""
