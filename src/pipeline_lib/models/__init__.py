"""What all families share: the interface, cards, encoding, adapters, merging, saving, portable operations."""
