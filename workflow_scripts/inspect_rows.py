"""Tokenise the conversations of a training and count their tokens, before it starts."""

import logging

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.preview.settings import InspectSettings

logger = logging.getLogger("pipeline_lib.inspect_rows")


def work(job: Job[InspectSettings]) -> None:
    """Read rows and tokenizer, write counts and verdict."""
    from pipeline_lib.conversations.subset import subset_conversations
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.models.base import folder_without_tensors
    from pipeline_lib.models.opening import open_tokens
    from pipeline_lib.preview.inspect import inspect

    (table,) = job.paths("table")
    rows = subset_conversations(job.manifest("subset").only_file(), table)
    (start, *tower) = (folder_without_tensors(model) for name in ("start", "tower") for model in job.manifests(name))
    tokens, images = open_tokens(start, tower[0] if tower else None), ImageReader(job.paths("indexes"))
    inspection = inspect(rows, tokens, job.settings, images.size)
    write_text(job.output("counts"), pretty_json(inspection.report))
    write_text(job.output("verdict"), pretty_json(inspection.verdict))
    counts = inspection.report["counts"]
    for word, count in counts["control_words"].items():
        logger.warning("in %d rows a speaker says %s", count, word)
    job.note(rows=counts["rows"], **{name: counts[name] for name in ("untrained", "truncated", "control_words")})


if __name__ == "__main__":
    inputs, files = ["start", "tower", "subset"], ["table", "indexes"]
    run("inspect_rows", InspectSettings, work, inputs=inputs, files=files, outputs=["counts", "verdict"])
