"""vlmflow: from raw images to benchmark scores, with the lineage of every number."""
