"""Score one run's answers to a benchmark: a verdict for every question, and the metrics."""

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen
from pipeline_lib.scoring.answers import answer_ids
from pipeline_lib.scoring.scope import not_chosen, with_scope
from pipeline_lib.scoring.score import ScoreSettings, grade_answers, open_judging, run_score
from pipeline_lib.scoring.verdicts import write_verdicts


def work(job: Job[ScoreSettings]) -> None:
    """Read answers and gold, write verdicts and score."""
    answers = job.manifest("answers").only_file()
    files = open_files(job.manifests("questions"), job.settings.files)
    only = chosen(job.manifests("chosen"), "questions")
    replies = [manifest.twin(".replies.jsonl") for manifest in job.manifests("judged")]
    judging = open_judging(job.settings, answer_ids, answers, replies)
    verdicts = grade_answers(answers, files, job.settings, only, judging)
    write_verdicts(job.output("verdicts"), verdicts)
    score = run_score(verdicts, job.settings, answers, judging)
    score = with_scope(score, verdicts, not_chosen(files, job.settings, only), job.settings)
    write_text(job.output("score"), pretty_json(score))


if __name__ == "__main__":
    inputs = ["answers", "questions", "chosen", "judged"]
    run("score", ScoreSettings, work, inputs=inputs, outputs=["verdicts", "score"])
