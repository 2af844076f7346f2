"""Lineage in the forms of other tools; none has a host, a user, an absolute path or a key."""
