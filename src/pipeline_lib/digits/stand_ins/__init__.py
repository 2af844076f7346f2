"""Stand-ins for the files of benchmarks: rows about scenes in the forms of the real files, from their descriptions."""
