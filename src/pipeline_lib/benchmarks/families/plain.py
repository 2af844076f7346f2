"""What most benchmarks have in common: accuracy is the headline, and questions about an image are drawn together."""

from pipeline_lib.benchmarks.base import by_image

PRIMARY = "accuracy"
SHOWN = (PRIMARY,)
cluster = by_image
