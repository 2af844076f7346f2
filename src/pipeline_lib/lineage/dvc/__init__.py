"""The workflow in DVC: stages, dvc.yaml, dvc.lock, and restoring a clone."""
