"""Targets of a command that name an entry which the study does not have: Snakemake would show a KeyError."""

import re
from typing import Collection, Iterable, Mapping

from pipeline_lib.core.errors import PipelineError, suggest

Entries = Mapping[str, Collection[str]]  # by the wildcard that names them


def expect_known_targets(targets: Iterable[str], outputs: Iterable[re.Pattern[str]], entries: Entries) -> None:
    """Raise PipelineError for a target that only outputs about unknown entries match; `outputs` are those of rules.

    A target that no output matches is Snakemake's to refuse.
    """
    patterns = list(outputs)
    for target in targets:
        matches = [match.groupdict() for pattern in patterns if (match := pattern.match(target))]
        unknown = [_unknown(wildcards, entries) for wildcards in matches]
        if unknown and all(unknown):
            kind, name = min((each for each in unknown if each), key=lambda each: each[0])
            cure = suggest(name, entries[kind])
            raise PipelineError(f"the study has no such {kind}", where=target, value=name, cure=cure)


def _unknown(wildcards: Mapping[str, str | None], entries: Entries) -> tuple[str, str] | None:
    """Return the first wildcard, and its value, that names no entry."""
    named = ((kind, name) for kind, name in wildcards.items() if kind in entries and name is not None)
    return next(((kind, name) for kind, name in named if name not in entries[kind]), None)
