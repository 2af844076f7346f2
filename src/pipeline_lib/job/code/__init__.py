"""The digest of the code that a job runs, and the guard that checks the job against it."""
