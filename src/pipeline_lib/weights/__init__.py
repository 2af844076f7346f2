"""Starting weights: one module per kind."""
