"""Code that similar templates share."""
