"""The program of a stage: it parses the command line, runs the work, and turns an exception into an exit code.

Every file in `workflow_scripts/` calls `run` with a function, which imports slow libraries itself: a reused job needs
none of them.
"""

import argparse
import json
import logging
import os
import platform
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Sequence

from pydantic import ValidationError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json
from pipeline_lib.core.urls import without_queries
from pipeline_lib.job import progress, warm_start
from pipeline_lib.job.code.digest import code_digest
from pipeline_lib.job.code.guard import Guard
from pipeline_lib.job.code.libraries import installed_libraries
from pipeline_lib.job.job import Job, Options, S
from pipeline_lib.job.log import configure
from pipeline_lib.job.record import Record
from pipeline_lib.job.resume import OutputLock
from pipeline_lib.machine import gpus
from pipeline_lib.machine.environment import check_environment, fix_numerics
from pipeline_lib.machine.numerics import DeviceSettings, NumericSettings
from pipeline_lib.machine.slurm_job import is_spread, job_number

REUSE_OFF = "DVC_STAGE"  # DVC sets it for its commands: `dvc repro` reruns every stage from the start

logger = logging.getLogger(__name__)


def run(
    stage: str,
    settings: type[S],
    work: Callable[[Job[S]], None],
    *,
    inputs: Sequence[str] = (),
    plain: Sequence[str] = (),
    files: Sequence[str] = (),
    outputs: Sequence[str],
    holds: Callable[[S, dict[str, Any]], bool] = lambda settings, notes: True,
    of_any_name: bool = False,
) -> None:
    """Run `work` as the program of a stage and exit with 0 or 1; `Options` describes its path options.

    `holds` decides from the notes of an equal job whether its outputs may be reused. `of_any_name`: outputs do
    not depend on their own name or study, so that an equal job of another one is reused.
    """
    options = Options(inputs, plain, files, outputs)
    arguments = _parse(stage, options)
    record_path = Path(arguments.record)
    name, log = " ".join(record_path.with_suffix("").parts[-2:]), Path(arguments.log)
    configure(log, name, progress_beside=log)
    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a process that a shell starts with `&` ignores it
        signal.signal(number, _terminated)
    lock = OutputLock({name: Path(getattr(arguments, name)) for name in outputs})
    lock.take()  # before the code is read, which may change while this process waits
    write_text(record_path, "")  # stays empty if the job is killed
    process = {"host": platform.node(), "process": os.getpid(), "slurm_job": job_number(), "lock": str(lock.path)}
    progress.note(progress.BEGIN, job=name, log=str(log), record=str(record_path), **process)
    record = Record(stage, {}, arguments.code, {}, {})

    def reuse(job: Job[S]) -> bool:
        return job.reuse(lambda notes: holds(job.settings, notes), of_any_name=of_any_name)

    message = _at_the_boundary(lambda: _carry_out(settings, work, reuse, arguments, options, record, lock))
    exit_code = 0 if message is None else 1
    unwritten = _at_the_boundary(lambda: record.write(record_path, exit_code, message))
    exit_code = exit_code if unwritten is None else 1
    progress.note(progress.END, exit=exit_code, error=message)
    sys.exit(exit_code)


def _carry_out(
    settings: type[S],
    work: Callable[[Job[S]], None],
    reuse: Callable[[Job[S]], bool],
    arguments: argparse.Namespace,
    options: Options,
    record: Record,
    lock: OutputLock,
) -> None:
    """Check settings and code, reuse outputs or do the work, and publish; on an error, remove partial outputs."""
    checked = _checked_settings(settings, arguments)
    record.settings = checked.model_dump(mode="json")
    guard = Guard(Path(sys.argv[0]), arguments.code.split()[1:])
    record.modules, record.libraries = guard.reach.modules, installed_libraries(guard.reach.libraries)
    _check_identity(arguments, record.libraries)
    _fix_numerics_of(checked)
    job = Job(checked, arguments, options, record)
    try:
        if REUSE_OFF in os.environ:
            job.forget()
        elif reuse(job):
            logger.info("reused: an equal job made these outputs before")
            return
        if warm_start.is_offered(checked, record.libraries):
            lock.release()  # to the warm process, which runs this function from its start
            exit_code = warm_start.start_warm(record.libraries)
            if exit_code is not None:
                os._exit(exit_code)  # the warm process has written log and record
            lock.take()
        if isinstance(checked, DeviceSettings) and checked.device == "cuda":
            _take_gpus(checked)
        guard.begin()
        work(job)
        guard.check()
        job.publish()
        job.keep()
    except BaseException as error:  # an interruption too
        _discard(job, error)
        raise


def _discard(job: Job[S], error: BaseException) -> None:
    """Remove partial outputs; PipelineError if the work ended because a disk is full."""
    full = job.where_full(error)
    job.discard()
    if full is not None:
        raise _no_space(full, error) from error


def _fix_numerics_of(settings: Settings) -> None:
    """Make a job round as its settings say; one without numerics has one thread and portable ones."""
    numeric = settings if isinstance(settings, NumericSettings) else None
    check_environment("native" if numeric is None else numeric.numerics)
    fix_numerics(numeric or NumericSettings(threads=1, numerics="portable"))


def _no_space(where: Path, error: BaseException) -> PipelineError:
    return PipelineError(
        "no space is left on the disk",
        where=where,
        value=str(error),
        cure="free some space and run the same command again: finished work is not lost",
    )


def _take_gpus(settings: DeviceSettings) -> None:
    """Take the GPUs of a job; in a multi-node training, each node takes its GPUs itself."""
    if not is_spread(settings.nodes()):
        logger.info("on GPU %s", ", ".join(gpus.take(settings.nodes() * settings.gpus_per_node())))


def _at_the_boundary(action: Callable[[], None]) -> str | None:
    """Run `action`; return None if it succeeds, else log its error and return the message for the record."""
    try:
        action()
    except PipelineError as error:
        logger.error("%s", error)
        return str(error)
    except (KeyboardInterrupt, SystemExit):
        logger.error("interrupted")
        return "interrupted"
    except Exception as error:  # any other error must reach log and record
        logger.exception("stopped by an unexpected error")
        return without_queries(f"{type(error).__name__}: {error}")
    return None


def _parse(stage: str, options: Options) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"workflow_scripts/{stage}.py", allow_abbrev=False)
    for name in (*options.inputs, *options.plain, *options.files):
        parser.add_argument(f"--{name}", nargs="*", default=[], metavar="PATH")
    for name in options.outputs:
        parser.add_argument(f"--{name}", required=True, metavar="PATH")
    parser.add_argument("--manifest", help="path of the manifest to write")
    parser.add_argument("--settings", required=True, help="this stage's settings as JSON")
    parser.add_argument("--code", required=True, help="digest of the code, then the plug-ins that it covers")
    parser.add_argument("--libs", help="library versions that the result depends on, as name==version")
    parser.add_argument("--means", default="{}", help="further settings, which decide no byte, as JSON")
    parser.add_argument("--save-every", type=float, default=600, help="seconds between saved states of a training")
    parser.add_argument("--record", required=True, help="path of the record to write")
    parser.add_argument("--log", required=True, help="path of the log to write")
    return parser.parse_args()


def _checked_settings(settings: type[S], arguments: argparse.Namespace) -> S:
    try:
        stated, means = json.loads(arguments.settings), json.loads(arguments.means)
        return settings.model_validate_json(canonical_json(_merged(stated, means)))
    except ValidationError as error:
        raise PipelineError(f"these settings are not valid for the stage: {error}", where="--settings") from error


def _merged(stated: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
    """Return settings with further ones, also in their parts."""
    parts = {key: value for key, value in further.items() if isinstance(value, dict) and key in stated}
    return {**stated, **further, **{key: _merged(stated[key], value) for key, value in parts.items()}}


def _check_identity(arguments: argparse.Namespace, libraries: dict[str, str]) -> None:
    """Raise PipelineError if the code or the libraries differ from those with which the workflow was planned."""
    planned, *plugins = arguments.code.split()
    running = code_digest(Path(sys.argv[0]), *plugins)
    if planned != running:
        raise PipelineError(
            "the code has changed since the workflow was planned",
            where=sys.argv[0],
            value=f"digest {running}, planned {planned}",
            cure="it was edited meanwhile, or another installation is active: run snakemake again",
        )
    planned_libraries = None if arguments.libs is None else dict(pair.split("==", 1) for pair in arguments.libs.split())
    if planned_libraries not in (None, libraries):
        raise PipelineError(
            "the installed libraries differ from those with which the workflow was planned",
            value=libraries,
            cure=f"install {canonical_json(planned_libraries)} in this environment: make setup",
        )


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit
