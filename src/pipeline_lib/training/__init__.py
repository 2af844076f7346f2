"""Training: recipe settings, batches, the trainer, resuming, several processes."""
