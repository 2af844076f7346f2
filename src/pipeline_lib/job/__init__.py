"""The program of a stage: verified inputs, outputs under final names, manifest and record, reuse and resuming."""
