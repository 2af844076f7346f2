"""First versions of study files, written from a few options."""
