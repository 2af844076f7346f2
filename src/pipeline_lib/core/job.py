"""The job: command line in; verified inputs, complete outputs, manifest and record out.

Every program in `workflow_scripts/` calls `run` with a function. `run` is the process boundary: it alone turns an
exception into an exit code.
"""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Generic, Sequence, TypeVar

from pydantic import ValidationError

from pipeline_lib.core.code import code_digest
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import partial, publish, remove
from pipeline_lib.core.log import configure
from pipeline_lib.core.machine import library_versions
from pipeline_lib.core.manifest import Manifest, write_manifest
from pipeline_lib.core.record import Record
from pipeline_lib.core.settings import Settings
from pipeline_lib.core.text import canonical_json

S = TypeVar("S", bound=Settings)

logger = logging.getLogger(__name__)


class Job(Generic[S]):
    """What one program works with: settings, verified inputs, and the places of its outputs."""

    def __init__(self, settings: S, arguments: argparse.Namespace, outputs: Sequence[str], record: Record) -> None:
        self.settings = settings
        self._arguments = arguments
        self._outputs = {name: Path(getattr(arguments, name)) for name in outputs}
        self._cache = DigestCache()
        self._record = record
        for path in self._outputs.values():
            remove(partial(path))
            path.parent.mkdir(parents=True, exist_ok=True)

    def manifest(self, name: str) -> Manifest:
        """Return the manifest given as `--name`."""
        (found,) = self.manifests(name)
        return found

    def manifests(self, name: str) -> list[Manifest]:
        """Return the manifests given as `--name`, none or more, and note their digests in the record."""
        found = [Manifest(path, self._cache) for path in self.paths(name)]
        self._record.inputs.update({manifest.path.as_posix(): manifest.sha256 for manifest in found})
        return found

    def paths(self, name: str) -> list[Path]:
        """Return the paths given as `--name`: bytes that the caller verifies by a digest it holds."""
        return [Path(value) for value in getattr(self._arguments, name)]

    def plain(self, name: str) -> list[Path]:
        """Return the small files given as `--name`, which need no manifest, and note their digests in the record."""
        paths = self.paths(name)
        digests = self._cache.digests(paths)
        self._record.inputs.update({path.as_posix(): digest for path, digest in zip(paths, digests, strict=True)})
        return paths

    def output(self, name: str) -> Path:
        """Return where to write the output `name`; it gets its final name when the job succeeds."""
        return partial(self._outputs[name])

    def final(self, name: str) -> Path:
        """Return the final path of the output `name`."""
        return self._outputs[name]

    def note(self, **facts: Any) -> None:
        """Add facts about this making to the record, such as losses or counts."""
        self._record.notes.update(facts)

    def publish(self) -> None:
        """Give all outputs their final names, then write the manifest."""
        for path in self._outputs.values():
            publish(path)
        outputs = list(self._outputs.values())
        if self._arguments.manifest:
            path = Path(self._arguments.manifest)
            write_manifest(path, outputs, self._cache)
            outputs = [path]
        digests = self._cache.digests(outputs)
        self._record.outputs = {path.as_posix(): digest for path, digest in zip(outputs, digests, strict=True)}

    def discard(self) -> None:
        """Remove what an unfinished job wrote."""
        for path in self._outputs.values():
            remove(partial(path))


def run(
    stage: str,
    settings: type[S],
    work: Callable[[Job[S]], None],
    *,
    inputs: Sequence[str] = (),
    files: Sequence[str] = (),
    outputs: Sequence[str],
) -> None:
    """Run `work` as the program of a stage and exit with 0 or 1.

    `inputs` are options that take manifests, `files` take paths whose bytes `work` verifies, `outputs` take one path.
    """
    arguments = _parse(stage, [*inputs, *files], outputs)
    record_path = Path(arguments.record)
    configure(Path(arguments.log), " ".join(record_path.with_suffix("").parts[-2:]))
    signal.signal(signal.SIGTERM, _terminated)
    record = Record(stage, {}, arguments.code, dict(pair.split("==", 1) for pair in arguments.libs.split()))
    message = _at_the_boundary(lambda: _carry_out(settings, work, arguments, outputs, record))
    record.write(record_path, exit_code=0 if message is None else 1, error=message)
    sys.exit(0 if message is None else 1)


def _carry_out(
    settings: type[S],
    work: Callable[[Job[S]], None],
    arguments: argparse.Namespace,
    outputs: Sequence[str],
    record: Record,
) -> None:
    """Check what the job was given, do its work, and publish; unfinished work leaves nothing."""
    checked = _checked_settings(settings, arguments)
    record.settings = checked.model_dump(mode="json")
    _check_identity(arguments.code, record.libraries)
    _fix_threads(getattr(checked, "threads", 1))
    job = Job(checked, arguments, outputs, record)
    try:
        work(job)
        job.publish()
    except BaseException:  # an interruption too
        job.discard()
        raise


def _at_the_boundary(action: Callable[[], None]) -> str | None:
    """Return None where `action` succeeded, else the message that log and record hold."""
    try:
        action()
    except PipelineError as error:
        logger.error("%s", error)
        return str(error)
    except (KeyboardInterrupt, SystemExit):
        logger.error("interrupted")
        return "interrupted"
    except Exception as error:  # whatever else went wrong must reach log and record
        logger.exception("stopped by an unexpected error")
        return f"{type(error).__name__}: {error}"
    return None


def _parse(stage: str, inputs: Sequence[str], outputs: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"workflow_scripts/{stage}.py", allow_abbrev=False)
    for name in inputs:
        parser.add_argument(f"--{name}", nargs="*", default=[], metavar="PATH")
    for name in outputs:
        parser.add_argument(f"--{name}", required=True, metavar="PATH")
    parser.add_argument("--manifest", help="where to write what was made")
    parser.add_argument("--settings", required=True, help="this stage's settings as JSON")
    parser.add_argument("--code", required=True, help="digest of the code, then the plug-ins it covers")
    parser.add_argument("--libs", default="", help="library versions that the result depends on, as name==version")
    parser.add_argument("--record", required=True, help="where to write how it was made")
    parser.add_argument("--log", required=True, help="where to write the log")
    return parser.parse_args()


def _checked_settings(settings: type[S], arguments: argparse.Namespace) -> S:
    try:
        return settings.model_validate_json(arguments.settings)
    except ValidationError as error:
        raise PipelineError(f"these settings do not fit the stage: {error}", where="--settings") from error


def _check_identity(code: str, libraries: dict[str, str]) -> None:
    """Raise PipelineError where the code or the libraries that run are not those that the workflow was planned with."""
    planned, *plugins = code.split()
    running = code_digest(Path(sys.argv[0]), *plugins)
    if planned != running:
        raise PipelineError(
            "the code that runs is not the code that the workflow was planned with",
            where=sys.argv[0],
            value=f"digest {running}, planned {planned}",
            cure="it was edited meanwhile, or another installation is active: run snakemake again",
        )
    installed = library_versions(list(libraries))
    if installed != libraries:
        raise PipelineError(
            "the libraries here are not those that the workflow was planned with",
            value=installed,
            cure=f"install {canonical_json(libraries)} in this environment: make setup",
        )


def _fix_threads(threads: int) -> None:
    """Make numeric libraries that are imported from here on use `threads`, whatever the scheduler grants."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit
