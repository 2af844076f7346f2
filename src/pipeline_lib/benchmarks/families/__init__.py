"""Code that benchmarks share: extracting answers, counting them, and writing submissions."""
