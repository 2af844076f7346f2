"""Scoring answers of any source, without a study: any form of file, by one protocol or several."""
