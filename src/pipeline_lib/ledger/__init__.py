"""The ledger: what DVC is told of a study, and what it is asked for."""
