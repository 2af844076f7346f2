"""Reading, converting and exporting checkpoints in third-party layouts."""
