"""A score beside the published figures of its model: equal, or how it differs, with an interval and what to check."""

from typing import Any, Mapping

from pydantic import Field

from pipeline_lib.benchmarks.families.published import Published
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.settings import Settings

DECIMALS = 1  # of every published figure
CHECKS = ("the conversation template", "how images are padded", "how answers are read", "the version of the split")


class PublishedFigure(Settings):
    """A published figure that a score is compared with: `value` is `times` the metric by the protocol on the split."""

    model: str
    value: float
    metric: str
    protocol: str
    split: str
    source: str
    times: float = 100
    trained_on: bool = Field(default=False, description="the model has seen the benchmark's training set")


def figures_of(module: Any, model: str) -> list[PublishedFigure]:
    """Return the figures that a benchmark's module states for a model, without those that only a server computes."""
    stated: tuple[Published, ...] = getattr(module, "PUBLISHED", ())
    return [
        PublishedFigure(
            model=model,
            value=value,
            metric=table.metric,
            protocol=table.protocol,
            split=table.split,
            source=table.document.source,
            times=table.times,
            trained_on=model in table.trained_on,
        )
        for table in stated
        for name, value in table.by_model()
        if name == model and not table.server
    ]


def known_figures(module: Any, model: str, benchmark: str) -> list[PublishedFigure]:
    """Return `figures_of` a model; one of which the benchmark states no figure raises PipelineError."""
    figures = figures_of(module, model)
    if not figures:
        known = {name for name in models_of(module) if figures_of(module, name)}
        raise PipelineError(f"{benchmark} states no figure of this model", value=model, cure=suggest(model, known))
    return figures


def models_of(module: Any) -> set[str]:
    """Return the models of which a benchmark's module states a published figure."""
    return {model for table in getattr(module, "PUBLISHED", ()) for model, _ in table.by_model()}


def compared(
    scored: Mapping[str, Any], figures: list[PublishedFigure], protocol: str, parts: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return every figure beside the score: `score`, `difference` with its 95 % interval, and what to `check` first.

    `equal` is whether both are the same number with one decimal: then `check` has only what differs for certain. A
    metric that the score does not have is None. `parts` has the number of questions of every part, which the check of
    a metric `NAME/PART` states.
    """
    return [_comparison(scored, figure, protocol, parts) for figure in figures]


def _comparison(
    scored: Mapping[str, Any], figure: PublishedFigure, protocol: str, parts: Mapping[str, int]
) -> dict[str, Any]:
    value, interval = scored["metrics"].get(figure.metric), scored["interval"].get(figure.metric)
    about = figure.model_dump(mode="json")
    if value is None:
        return {**about, "score": None, "equal": None, "difference": None, "interval": None, "check": []}
    number = round(value * figure.times, DECIMALS)
    equal = abs(number - figure.value) < 10**-DECIMALS / 2
    bounds = interval and [round(bound * figure.times - figure.value, DECIMALS + 1) for bound in interval]
    return {
        **about,
        "score": number,
        "equal": equal,
        "difference": round(number - figure.value, DECIMALS),
        "interval": bounds,
        "check": [*_differing(scored, figure, protocol), *([] if equal else _usual(scored, figure, parts))],
    }


def of_a_part(comparisons: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    """Return comparisons of a score over only some questions, which are the first to check."""
    return [each if each["score"] is None else {**each, "check": [part, *each["check"]]} for each in comparisons]


def _differing(scored: Mapping[str, Any], figure: PublishedFigure, protocol: str) -> list[str]:
    """Return how the score is known to be another one than the published one."""
    known = []
    if protocol != figure.protocol:
        known.append(f"the protocol: {protocol} here, {figure.protocol} there")
    if scored["coverage"] < 1:
        known.append(f"the {scored['missing'] + scored['failed']} questions without an answer")
    return known + [f"the mark `{name}`" for name in scored["marks"] if name != "missing"]


def _usual(scored: Mapping[str, Any], figure: PublishedFigure, parts: Mapping[str, int]) -> list[str]:
    """Return what to check next where a score differs."""
    _, _, part = figure.metric.partition("/")
    number = parts.get(part) if part else scored["n"]  # of a metric about another choice of questions: unknown
    here = "" if number is None else f"; here {number} questions"
    return [*CHECKS[:-1], f"{CHECKS[-1]} (published: {figure.split}{here})"]


def published_text(comparison: Mapping[str, Any]) -> str:
    """Return a line such as `f1 85.9, published 85.9 (llava15_13b)`."""
    number, value = comparison["score"], comparison["value"]
    star = "*" if comparison["trained_on"] else ""
    who = f"({comparison['model']}{', * trained on its training set' if star else ''}; {comparison['split']})"
    if number is None:
        return f"{comparison['metric']} is not in this score, published {value}{star} {who}"
    text = f"{comparison['metric']} {number}, published {value}{star} {who}"
    if comparison["equal"]:
        return f"{text}; but check {', '.join(comparison['check'])}" if comparison["check"] else text
    bounds = comparison["interval"]
    interval = f", 95 % interval [{bounds[0]:+.1f}, {bounds[1]:+.1f}]" if bounds else ""
    return f"{text}: {comparison['difference']:+.1f}{interval}; check first {', '.join(comparison['check'])}"
