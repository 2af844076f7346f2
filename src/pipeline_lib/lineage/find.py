"""Find artefacts by any field of their records, such as `stage=train` or `learning_rate=0.001`."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Sequence

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.text import plain_text
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import artefact_of, job_name
from pipeline_lib.lineage.public import HOST, public
from pipeline_lib.lineage.records import Records

FILES = ("inputs", "outputs", "modules")  # fields whose keys are found as well as their values
SHORTEST_DIGEST = 7  # hexadecimal digits that stand for a whole digest
EXAMPLE = "FIELD=VALUE, such as stage=train, recipe.name=full, libraries.torch=2.* or inputs=results/subsets/full"
DIGITS = set("0123456789abcdef")


@dataclass(frozen=True)
class Term:
    """A condition on a record: a field, by its whole dotted name or its last parts, and a value or pattern."""

    field: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Term":
        """Return the term in a text `FIELD=VALUE`; any other text raises PipelineError."""
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise PipelineError("a condition names a field and a value", value=text, cure=EXAMPLE)
        return cls(field, value)


@dataclass(frozen=True)
class Match:
    """An artefact whose record fulfils all terms, with the values of the fields that they name."""

    artefact: str
    sha256: str
    job: str
    record: str
    fields: dict[str, Any]


def find_artefacts(records: Records, terms: Sequence[Term]) -> list[Match]:
    """Return the artefacts that fulfil all terms, sorted by path; an unknown field raises PipelineError."""
    matches: list[Match] = []
    known: set[str] = set()
    unseen = {term.field for term in terms}
    for path, record in records.all():
        fields = dict(_flat(_searched(record)))
        known |= fields.keys()
        unseen -= {field for field in unseen if any(_is_named(name, field) for name in fields)}
        hits = [_hits(fields, term) for term in terms]
        if all(hits):
            values = {name: public(value) for each in hits for name, value in each.items()}
            matches += _matches(record, path, records.root, values)
    if unseen:
        raise _unknown(min(unseen), known)
    return sorted(matches, key=lambda match: match.artefact)


def _matches(record: MadeRecord, path: Path, root: Path, values: dict[str, Any]) -> Iterator[Match]:
    where = path.relative_to(root).as_posix()
    for output, digest in record.outputs.items():
        yield Match(artefact_of(output), digest, job_name(record), where, values)


def _searched(record: MadeRecord) -> dict[str, Any]:
    """Return the fields of a record, those of the job that made the bytes in place of a later reuse."""
    making = {name: record.making[name] for name in ("machine", "repository", "started", "seconds")}
    machine = {name: value for name, value in making["machine"].items() if name != HOST}
    others = {name: value for name, value in record.content.items() if name not in ("seal", "reused")}
    return {**others, **making, "machine": machine, "reused": record.reused is not None}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with its dotted name; lists, and mappings from paths, are one value each."""
    if isinstance(value, dict) and name not in FILES:
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _is_named(name: str, field: str) -> bool:
    return name == field or name.endswith(f".{field}")


def _hits(fields: dict[str, Any], term: Term) -> dict[str, Any]:
    """Return the fields of a record that a term names and whose value it accepts."""
    return {
        name: value if name not in FILES else _hit_files(value, term.value)
        for name, value in fields.items()
        if _is_named(name, term.field) and _accepts(value, term.value)
    }


def _hit_files(value: dict[str, str], wanted: str) -> dict[str, str]:
    return {path: digest for path, digest in value.items() if _accepts({path: digest}, wanted)}


def _accepts(value: Any, wanted: str) -> bool:
    if isinstance(value, dict):
        return any(
            _equals(text, wanted) for path, digest in value.items() for text in (path, artefact_of(path), digest)
        )
    if isinstance(value, list):
        return any(_accepts(item, wanted) for item in value) or plain_text(value) == wanted
    return _equals(value, wanted)


def _equals(value: Any, wanted: str) -> bool:
    """Return whether a value is the wanted one: as a text, a pattern with *, a number, or the start of a digest."""
    text = plain_text(value)
    if text == wanted or fnmatch.fnmatchcase(text, wanted):
        return True
    if isinstance(value, float | int) and not isinstance(value, bool):
        return _number(wanted) == value
    is_digest = len(text) == 64 and len(wanted) >= SHORTEST_DIGEST and not set(wanted) - DIGITS
    return is_digest and text.startswith(wanted)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unknown(field: str, known: Iterable[str]) -> PipelineError:
    names = sorted(known)
    lasts = {name.rsplit(".", 1)[-1] for name in names}
    cure = suggest(
        field, {*names, *lasts}, f"known fields: {', '.join(sorted({name.split('.')[0] for name in names}))}"
    )
    return PipelineError("no record has this field", value=field, cure=cure)
