"""The workflow as DVC sees it: its stages, its lock, and what a clone restores."""
