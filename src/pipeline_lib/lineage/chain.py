"""A hash chain over records: which records there were, in which order they were signed, and whether any changed since.

Each line of the chain states a record's path and sha256 (null: it was removed) and the sha256 of the line before, so
that no line can be changed, removed or inserted without changing all after it. A signature vouches for the file.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.core import fields
from pipeline_lib.core.digests import digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import canonical_json, read_rows_with_place
from pipeline_lib.lineage.records import record_paths

CHAIN = Path("lineage.chain.jsonl")
FIRST = "0" * 64  # what stands before the first line


@dataclass(frozen=True)
class Link:
    """A line of the chain."""

    number: int
    record: str
    sha256: str | None
    previous: str

    @property
    def digest(self) -> str:
        """The sha256 of the line."""
        return digest_text(canonical_json(asdict(self)))


@dataclass(frozen=True)
class ChainFault:
    """A record that differs from the chain: `altered`, `removed` or `inserted`; or a line that is `broken`."""

    kind: str
    where: str
    text: str


def read_chain(path: Path) -> list[Link]:
    """Return the lines of a chain; a missing file or a line of another form raises PipelineError."""
    if not path.is_file():
        raise PipelineError("there is no chain", where=path, cure="write one: vlmflow lineage sign")
    return [_link(where, row) for where, row in read_rows_with_place(path)]


def _link(where: str, row: dict[str, Any]) -> Link:
    return Link(
        fields.field(row, "number", int, where),
        fields.field(row, "record", str, where),
        fields.optional_field(row, "sha256", str, where),
        fields.field(row, "previous", str, where),
    )


def broken_links(links: list[Link], path: Path) -> Iterator[ChainFault]:
    """Yield a fault for every line that does not follow from the line before."""
    previous = FIRST
    for number, link in enumerate(links, start=1):
        if link.number != number or link.previous != previous:
            text = "this line does not follow from the one before: a line was altered, removed or inserted"
            yield ChainFault("broken", f"{path}:{number}", text)
        previous = link.digest


def audit(path: Path, root: Path = Path()) -> list[ChainFault]:
    """Return what differs between a chain and the present records, in the chain's order; broken lines come first."""
    links = read_chain(path)
    last = {link.record: link for link in links}
    present = present_records(root)
    faults = list(broken_links(links, path))
    for record, link in sorted(last.items(), key=lambda item: item[1].number):
        digest = present.get(record)
        if digest is None and link.sha256 is not None:
            faults.append(ChainFault("removed", record, "the chain has this record, and it is no longer here"))
        elif digest != link.sha256:
            faults.append(
                ChainFault("altered", record, "it differs from the record in the chain: edited or made again")
            )
    inserted = sorted(record for record in present if record not in last)
    return faults + [ChainFault("inserted", record, "the chain does not have this record") for record in inserted]


def present_records(root: Path) -> dict[str, str]:
    """Return the sha256 of every record of a project by its path."""
    return {path.relative_to(root).as_posix(): digest_file(path) for path in record_paths(root)}


def extend(path: Path, root: Path = Path()) -> int:
    """Add a line for every record that the chain lacks or has with other bytes; return how many lines were added.

    A chain with broken lines raises PipelineError and remains as it is.
    """
    links = read_chain(path) if path.is_file() else []
    broken = next(broken_links(links, path), None)
    if broken is not None:
        raise PipelineError(broken.text, where=broken.where, cure="restore the chain, from git for example")
    last = {link.record: link.sha256 for link in links}
    present = present_records(root)
    changed = [name for name in sorted({*last, *present}) if last.get(name) != present.get(name)]
    for name in changed:
        previous = links[-1].digest if links else FIRST
        links.append(Link(len(links) + 1, name, present.get(name), previous))
    write_text(path, "".join(canonical_json(asdict(link)) + "\n" for link in links))
    return len(changed)
