"""Check whether a cluster can run a study, before any job is submitted."""
