"""Put the scores of all runs of a benchmark side by side."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.scoring.gather import GatherSettings, gather


def work(job: Job[GatherSettings]) -> None:
    """Read the scores of the runs, write the score of the benchmark."""
    write_text(job.output("score"), pretty_json(gather(job.paths("scores"), job.settings)))


if __name__ == "__main__":
    run("gather", GatherSettings, work, plain=["scores"], outputs=["score"])
