"""Score all runs of a benchmark on all questions, and on those that no row of their trainings affects."""

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_object
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.overlap.clean import Answered, CleanScoreSettings, clean_score, clean_scores
from pipeline_lib.overlap.rows import read_overlaps
from pipeline_lib.rehearsal.chosen import chosen


def work(job: Job[CleanScoreSettings]) -> None:
    """Read the overlap of the benchmark and the answers of its runs, write their scores."""
    overlap, questions = job.manifest("overlap"), job.manifests("questions")
    rows, ids = read_overlaps(overlap.twin(".parquet")), chosen(job.manifests("chosen"), "questions")
    replies = [manifest.twin(".replies.jsonl") for manifest in job.manifests("judged")]
    scores = {}
    for number, (name, settings) in enumerate(job.settings.runs.items()):
        answers = job.manifests("answers")[number].only_file()
        answered = Answered(answers, replies[number : number + 1], ids)
        seen = [row for row in rows if row.subset in job.settings.seen[name]]
        scores[name] = clean_score(questions, answered, settings, seen)
    table = read_object(overlap.twin(".json"))
    write_text(job.output("score"), pretty_json(clean_scores(table, scores, job.settings)))


if __name__ == "__main__":
    inputs = ["overlap", "answers", "questions", "chosen", "judged"]
    run("clean_score", CleanScoreSettings, work, inputs=inputs, outputs=["score"])
