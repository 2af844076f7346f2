"""The configuration: one typed tree, read from one file of a study."""
