"""Derived seeds: every draw has a seed computed from the study's seed, the stage and the item's id."""

import hashlib


def derive_seed(seed: int, stage: str, item: str = "") -> int:
    """Return a seed in [0, 2**63) that depends only on the three arguments."""
    digest = hashlib.sha256(f"{seed}\x1f{stage}\x1f{item}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
