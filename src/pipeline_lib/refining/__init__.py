"""Refining: a strong model behind a server rewrites first answers: data for self-correction."""
