"""A stage executed again from its record, and what its new bytes say of the recorded ones."""
