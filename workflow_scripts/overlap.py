"""Compare the questions of a benchmark and their images with the rows that trainings learn from."""

from pipeline_lib.conversations.subset import subset_conversations
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.overlap.asked import read_asked
from pipeline_lib.overlap.compare import compare, report
from pipeline_lib.overlap.prints import read_prints
from pipeline_lib.overlap.rows import write_overlaps
from pipeline_lib.overlap.settings import OverlapSettings


def work(job: Job[OverlapSettings]) -> None:
    """Read questions, subsets and fingerprints, write the overlapping rows and their table."""
    settings = job.settings
    asked = read_asked(settings, job.manifests("questions"), job.manifests("indexes"), job.manifests("chosen"))
    prints = read_prints(shard.only_file() for shard in job.manifests("prints"))
    rows, counts = [], {}
    for name, subset, table in zip(settings.subsets, job.manifests("subsets"), job.paths("tables"), strict=True):
        overlap = compare(asked, name, subset_conversations(subset.only_file(), table), prints)
        rows += overlap.rows
        counts[name] = overlap.counts
    write_overlaps(job.output("rows"), rows)
    write_text(job.output("table"), pretty_json(report(settings.benchmark, settings.protocol, asked, counts)))


if __name__ == "__main__":
    inputs, outputs = ["questions", "indexes", "chosen", "prints", "subsets"], ["rows", "table"]
    run("overlap", OverlapSettings, work, inputs=inputs, files=["tables"], outputs=outputs)
