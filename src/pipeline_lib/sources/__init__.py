"""Sources of raw files: one module for each kind."""
