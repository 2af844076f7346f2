"""Write the requests about a file of answers, and take the replies of a judge."""

from pathlib import Path
from typing import Any, Iterable, cast

from pipeline_lib.benchmarks.base import Files, check_questions, load_benchmark, only
from pipeline_lib.benchmarks.families.judge_replies import Replies, reply_row
from pipeline_lib.benchmarks.families.judging import Judged, JudgeReply, JudgeRequest, quoted_by
from pipeline_lib.core.plugins import load
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.judges.base import JudgeModule
from pipeline_lib.judging.saved import SavedReplies
from pipeline_lib.judging.settings import JudgingSettings
from pipeline_lib.scoring.answers import join
from pipeline_lib.scoring.sections import in_section


def requests_about(
    answers: Path, files: Files, settings: JudgingSettings, chosen: set[str] | None = None
) -> list[JudgeRequest]:
    """Return the requests about all answers that need a judge, in the order of the questions.

    An answer that is missing or failed has none, nor has one to a question whose gold answer is null, as in files that
    are there only for recorded replies; `chosen` restricts the questions.
    """
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    checked = check_questions(settings.benchmark, settings.protocol, files)
    pairs = in_section(join(only(checked.questions, chosen), answers), settings.answer_in).pairs
    request = cast(Judged, benchmark).request
    quoted = quoted_by(request, files)
    requests = [
        request(question, quoted.get(question.id, checked.gold[question.id]), answer, settings.protocol)
        for question, answer in pairs
        if answer is not None and checked.gold[question.id] is not None
    ]
    return [each for each in requests if each is not None]


def replies_to(
    requests: list[JudgeRequest], files: Files, replies: list[Manifest], settings: JudgingSettings, state: Path
) -> list[JudgeReply]:
    """Return the replies of the judge, sorted by id and run; none without a judge.

    `state` is the folder with the replies that an interrupted job had.
    A reply to a question that is none of the benchmark's raises PipelineError.
    """
    if settings.judge is None:
        return []
    benchmark = load_benchmark(settings.benchmark, settings.protocol)
    module = cast(JudgeModule, load("judges", settings.judge.name))
    judge = module.open_judge(settings.judge, replies, cast(Judged, benchmark).recorded, state)
    saved = SavedReplies(state / "replies.jsonl")
    for reply in judge.judge(requests, saved):
        saved.add(reply)
    known = {question.id for question in benchmark.questions(files, settings.protocol)}
    Replies({reply.id: [reply] for reply in saved.replies}).expect_known(known)
    return sorted(saved.replies, key=lambda reply: (reply.id, reply.run))


def request_rows(requests: Iterable[JudgeRequest]) -> list[dict[str, Any]]:
    """Return requests as rows of a file; `request` is the digest that a reply names."""
    return [
        {
            "id": each.id,
            "request": each.digest,
            "model": each.model,
            "max_tokens": each.max_tokens,
            "attempts": [
                {
                    "temperature": attempt.temperature,
                    "messages": [{"role": message.role, "content": message.content} for message in attempt.messages],
                }
                for attempt in each.attempts
            ],
        }
        for each in requests
    ]


def reply_rows(replies: Iterable[JudgeReply]) -> list[dict[str, Any]]:
    """Return replies as rows of a file."""
    return [reply_row(reply) for reply in replies]
