"""Running a stage as a program: verified inputs, atomic outputs, manifest and record, reuse and resuming."""
