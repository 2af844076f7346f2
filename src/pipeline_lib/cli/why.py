"""`vlmflow why`: which stages would run, and the changed value that causes each."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lib.cli.plan import plan
from pipeline_lib.config.load import DEFAULT
from pipeline_lib.core.code import code_modules
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.text import read_json
from pipeline_lib.lineage.why import Reason, explain


def why(
    targets: Annotated[
        list[str] | None, typer.Argument(help="files to make; all scores of the study by default")
    ] = None,
    study: Annotated[str, typer.Option(help="`config` for config.yaml, or NAME for studies/NAME.yaml")] = DEFAULT,
) -> None:
    """Print the stages that would run, each with its causes and the time it took before."""
    cache = DigestCache()
    reasons = explain(plan(study, targets), _record, lambda path: _digest(path, cache), _modules)
    if not reasons:
        typer.echo("Nothing would run.")
    for reason in reasons:
        typer.echo(f"{reason.name}{_time(reason)}")
        for cause in reason.causes:
            typer.echo(f"    {cause}")
    if reasons:
        known = [reason.seconds for reason in reasons if reason.seconds is not None]
        unknown = len(reasons) - len(known)
        typer.echo(
            f"{len(reasons)} stages, {sum(known):.0f} s by their records" + (f", {unknown} unknown" if unknown else "")
        )


def _time(reason: Reason) -> str:
    return "" if reason.seconds is None else f"  ({reason.seconds:.1f} s when it was last made)"


def _record(path: str) -> dict[str, Any] | None:
    file = Path(path)
    if not file.is_file() or not file.stat().st_size:
        return None
    record: dict[str, Any] = read_json(file)
    return record


def _digest(path: str, cache: DigestCache) -> str | None:
    return cache.digests([Path(path)])[0] if Path(path).is_file() else None


def _modules(job: dict[str, Any]) -> dict[str, str]:
    return code_modules(Path("workflow_scripts") / f"{job['rule']}.py", *job["code"].split()[1:])
