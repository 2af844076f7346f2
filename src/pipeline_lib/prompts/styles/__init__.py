"""Styles: what templates that look alike share."""
