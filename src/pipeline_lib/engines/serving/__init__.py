"""What the engines share that let another program serve the checkpoint."""
