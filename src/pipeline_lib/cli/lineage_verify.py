"""`vlmflow lineage verify`: execute stages again from their records, and grade the new bytes."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify.outside import reaches_outside
from pipeline_lib.lineage.verify.selection import EXAMPLES, selected
from pipeline_lib.lineage.verify.verification import Grade, Verification
from pipeline_lib.lineage.verify.verify import Request
from pipeline_lib.lineage.verify.verify import verify as verify_job

LISTED = 3  # differing files of a job


def verify(
    stages: Annotated[list[str] | None, typer.Argument(metavar="STAGE…", help=EXAMPLES)] = None,
    every: Annotated[
        bool, typer.Option("--all", help="all stages made here, without downloads and requests to servers")
    ] = False,
    tolerance: Annotated[
        float, typer.Option(help="the share of the largest number of a tensor, column or field by which one may differ")
    ] = 1e-5,
    scores: Annotated[
        bool, typer.Option("--scores", help="where a training differs, answer and score with it too")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="execute again what was verified before")] = False,
    json: JsonOption = False,
) -> None:
    """Execute stages again in a clean folder, from recorded inputs, code and settings; say whether the bytes are equal.

    Grades: byte-identical, numerically equal, same metric, different, not re-executed. The last two exit with 1.
    """
    if not 0 <= tolerance < 1:
        raise PipelineError("a tolerance is a share", where="--tolerance", value=tolerance, cure="0 ≤ share < 1")
    records = Records(Path())
    chosen = selected(records, stages or [], every)
    inside = [each for each in chosen if not (every and reaches_outside(each[1]))]
    request = Request(tolerance, again, scores)
    verdicts = []
    with _exit_by_term():
        for path, record in inside:
            verdicts.append(verify_job(records, path, record, request))
            if not json:
                typer.echo("\n".join(_lines(verdicts[-1])))
    if json:
        typer.echo(pretty_json([asdict(each) for each in verdicts]), nl=False)
    else:
        typer.echo(_summary(verdicts, len(chosen) - len(inside)))
    raise typer.Exit(not all(each.grade.holds for each in verdicts))


@contextmanager
def _exit_by_term() -> Iterator[None]:
    """Turn TERM into an exit, which ends the job that runs, too."""
    former = signal.signal(signal.SIGTERM, _ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _ended(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _lines(verdict: Verification) -> list[str]:
    when = f"verified {verdict.at}" if verdict.earlier else f"{verdict.seconds:.0f} s"
    origin = f"; code: {verdict.code}" if verdict.code else ""
    more = len(verdict.differences) - LISTED
    return [
        f"{verdict.job}: {verdict.grade} ({when}{origin})",
        *(f"  {each.path}: {each.text}" for each in verdict.differences[:LISTED]),
        *([f"  and {more} more files: --json lists all"] if more > 0 else []),
        *(f"  {hazard.kind}: {hazard.text}" for hazard in verdict.hazards),
        *([f"  {verdict.text}"] if verdict.text else []),
    ]


def _summary(verdicts: list[Verification], outside: int) -> str:
    counts = Counter(each.grade for each in verdicts)
    parts = [f"{counts[grade]} {grade}" for grade in Grade if counts[grade]]
    parts += [f"{outside} left out, which download or ask a server: name them to run them"] if outside else []
    return f"{len(verdicts)} stages: {', '.join(parts)}"
