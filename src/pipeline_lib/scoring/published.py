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
    scored: Mapping[str, Any], figures: list[PublishedFigure], protocol: str, part: str | None = None
) -> list[dict[str, Any]]:
    """Return every figure beside the score: `score`, `difference` with its 95 % interval, and what to `check` first.

    `equal` is whether both are the same number with one decimal. A metric that the score does not have is None. `part`
    names the part of the questions that the score is about, if it is not about all.
    """
    return [_comparison(scored, figure, protocol, part) for figure in figures]


def _comparison(scored: Mapping[str, Any], figure: PublishedFigure, protocol: str, part: str | None) -> dict[str, Any]:
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
        "check": [] if equal else _checks(scored, figure, protocol, part),
    }


def _checks(scored: Mapping[str, Any], figure: PublishedFigure, protocol: str, part: str | None) -> list[str]:
    """Return what to check first where a score differs, the known differences before the usual ones."""
    known = [f"the part of the questions: {part} here, all there"] if part else []
    if protocol != figure.protocol:
        known.append(f"the protocol: {protocol} here, {figure.protocol} there")
    if scored["coverage"] < 1:
        known.append(f"the {scored['missing'] + scored['failed']} questions without an answer")
    known += [f"the mark `{name}`" for name in scored["marks"] if name != "missing"]
    split = f"{CHECKS[-1]} (published: {figure.split}; here {scored['n']} questions)"
    return [*known, *CHECKS[:-1], split]


def published_text(comparison: Mapping[str, Any]) -> str:
    """Return a line such as `f1 85.9, published 85.9 (llava15_13b)`."""
    number, value = comparison["score"], comparison["value"]
    star = "*" if comparison["trained_on"] else ""
    who = f"({comparison['model']}{', * trained on its training set' if star else ''}; {comparison['split']})"
    if number is None:
        return f"{comparison['metric']} is not in this score, published {value}{star} {who}"
    text = f"{comparison['metric']} {number}, published {value}{star} {who}"
    if comparison["equal"]:
        return text
    bounds = comparison["interval"]
    interval = f", 95 % interval [{bounds[0]:+.1f}, {bounds[1]:+.1f}]" if bounds else ""
    return f"{text}: {comparison['difference']:+.1f}{interval}; check first {', '.join(comparison['check'])}"
