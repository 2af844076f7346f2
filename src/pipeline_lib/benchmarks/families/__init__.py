"""What benchmarks share: protocols, reading answers, counting grades, data, and writing submissions."""
