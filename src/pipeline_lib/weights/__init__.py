"""Starting weights: one module a kind."""
