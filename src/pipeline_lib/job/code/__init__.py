"""The digest of the code that a job runs, and the guard that holds the job to it."""
