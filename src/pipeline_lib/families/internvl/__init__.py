"""InternVL-Chat-V1.2: InternViT, a pixel shuffle, a projector and a language model of Llama's type."""
