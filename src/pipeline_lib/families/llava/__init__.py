"""LLaVA-1.5: a CLIP tower, a projector of two linear layers, and a Llama or Mistral language model."""
