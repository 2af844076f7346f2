"""Code that no stage is specific to: files and their formats, digests, settings, plug-ins, seeds, errors."""
