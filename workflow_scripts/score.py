"""Score one run's answers to a benchmark: a verdict for every question, and the metrics."""

from pipeline_lib.benchmarks.base import check_questions, only, open_files
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.rehearsal.chosen import chosen
from pipeline_lib.scoring.answers import join
from pipeline_lib.scoring.score import ScoreSettings, open_judging
from pipeline_lib.scoring.scored import score_joined
from pipeline_lib.scoring.verdicts import write_verdicts


def work(job: Job[ScoreSettings]) -> None:
    """Read answers and gold, write verdicts and score."""
    answers = job.manifest("answers").only_file()
    files = open_files(job.manifests("questions"), job.settings.files)
    ids = chosen(job.manifests("chosen"), "questions")
    replies = [manifest.twin(".replies.jsonl") for manifest in job.manifests("judged")]
    checked = check_questions(job.settings.benchmark, job.settings.protocol, files)
    joined = join(only(checked.questions, ids), answers)
    judging = open_judging(job.settings, files, joined.answer_ids, replies)
    scored = score_joined(joined, checked, job.settings, digest_file(answers), ids, judging)
    write_verdicts(job.output("verdicts"), scored.verdicts)
    write_text(job.output("score"), pretty_json(scored.score))


if __name__ == "__main__":
    inputs = ["answers", "questions", "chosen", "judged"]
    run("score", ScoreSettings, work, inputs=inputs, outputs=["verdicts", "score"])
