"""What knows no stage: files and their formats, digests, settings, plug-ins, seeds, errors."""
