"""The turns of a conversation about a question: an answer, then a review of it, once or several times."""

from dataclasses import replace
from typing import Any, Iterator

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.engines.base import Answered, Reply, Request, Round
from pipeline_lib.inference.settings import PredictSettings, Review


def turns_of(settings: PredictSettings) -> int:
    """Return how many answers every question gets."""
    return 1 if settings.review is None else settings.review.turns


def requests_about(question: Question, settings: PredictSettings, answered: Answered) -> Iterator[Request]:
    """Yield the request of every turn whose earlier turns are answered, in order; a failed answer is not reviewed.

    The first one has the id of the question, so that its answer is that of a run without a review.
    """
    padded_first = settings.as_original and question.padded_first
    choices = tuple(question.options) if settings.first_token else ()
    request = Request(
        question.id, question.prompt, question.images, settings.max_new_tokens, padded_first, choices=choices
    )
    review = settings.review
    if review is None:
        yield request
        return
    request = replace(request, until=review.after)
    yield request
    for turn in range(2, review.turns + 1):
        if request.id not in answered or answered[request.id].status == "failed":
            return
        rounds = (*request.rounds, Round(answered[request.id].text, review.about(question.prompt)))
        request = replace(request, id=f"{question.id}, turn {turn}", rounds=rounds, until=None)
        yield request


def earlier_answers(
    replies: list[Reply], question: Question, review: Review, model: str | None
) -> list[dict[str, Any]]:
    """Return the answers before the last one, each with `then`: what the model was asked next.

    `until` is the text behind which the first one ends, if the study names one.
    """
    then = review.about(question.prompt)
    rows = [{"text": each.text, "metadata": metadata_of(each, model), "then": then} for each in replies[:-1]]
    return [{**row, "until": review.after} if review.after and not number else row for number, row in enumerate(rows)]


def metadata_of(reply: Reply, model: str | None) -> dict[str, Any]:
    """Return the model's digest, or what an endpoint says of it, the count of tokens, and why the answer stopped."""
    return {"model": model, "tokens": reply.tokens, "stop": reply.stop, **reply.facts}
