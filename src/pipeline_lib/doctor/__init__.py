"""Whether a place can run a study: checked before a job is wasted."""
