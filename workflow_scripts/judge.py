"""Write the requests about the answers to a judged benchmark, and take the replies of its judge."""

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.core.text import write_lines
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.judging.judge import replies_to, reply_rows, request_rows, requests_about
from pipeline_lib.judging.settings import JudgingSettings
from pipeline_lib.rehearsal.chosen import chosen


def work(job: Job[JudgingSettings]) -> None:
    """Read answers and gold, write requests and replies."""
    shards = job.manifests("questions")
    for shard in shards:
        shard.files()  # verified: a benchmark may read files beside those that its settings name
    files = open_files(shards, job.settings.files)
    answers = job.manifest("answers").only_file()
    requests = requests_about(answers, files, job.settings, chosen(job.manifests("chosen"), "questions"))
    replies = replies_to(requests, files, job.manifests("recorded"), job.settings, job.state())
    write_lines(job.output("requests"), request_rows(requests))
    write_lines(job.output("replies"), reply_rows(replies))
    job.note(requests=len(requests), replies=len(replies))


if __name__ == "__main__":
    inputs = ["answers", "questions", "chosen", "recorded"]
    run("judge", JudgingSettings, work, inputs=inputs, outputs=["requests", "replies"])
