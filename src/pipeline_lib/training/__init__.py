"""Training: what a recipe asks for, the batches, the trainer."""
