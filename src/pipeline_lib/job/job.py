"""The job: settings and verified inputs in; complete outputs, manifest and record out."""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Generic, Sequence, TypeVar

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.files import partial, publish, remove
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.manifest import Manifest, write_manifest
from pipeline_lib.job.record import Record
from pipeline_lib.job.removal import forget_removal
from pipeline_lib.job.resume import ResumeState
from pipeline_lib.job.reuse import ReuseCache, reuse_key

S = TypeVar("S", bound=Settings)

LEFT_OF_A_FULL_DISK = 4096  # bytes


@dataclass(frozen=True)
class Options:
    """The names of a program's path options.

    `inputs` take manifests, `plain` take small files without a manifest. `files` take paths outside the recorded
    inputs: the work verifies them against known digests, or only needs them to exist. `outputs` take one path each.
    """

    inputs: Sequence[str]
    plain: Sequence[str]
    files: Sequence[str]
    outputs: Sequence[str]


class Job(Generic[S]):
    """What the work of a stage uses: settings, verified inputs, and the paths of its outputs."""

    def __init__(self, settings: S, arguments: argparse.Namespace, options: Options, record: Record) -> None:
        self.settings = settings
        self._arguments = arguments
        self._outputs = {name: Path(getattr(arguments, name)) for name in options.outputs}
        self._cache = DigestCache()
        self._reuse_cache = ReuseCache(self._outputs, self._cache)
        self._record = record
        self._manifests = {name: [Manifest(path, self._cache) for path in self.paths(name)] for name in options.inputs}
        inputs = [manifest for manifests in self._manifests.values() for manifest in manifests]
        record.inputs = {manifest.path.as_posix(): manifest.sha256 for manifest in inputs}
        plain = [path for name in options.plain for path in self.paths(name)]
        record.inputs |= {
            path.as_posix(): digest for path, digest in zip(plain, self._cache.digests(plain), strict=True)
        }
        record.roles = {name: [str(path) for path in self.paths(name)] for name in (*options.inputs, *options.plain)}
        record.files = {name: [str(path) for path in self.paths(name)] for name in options.files}
        record.artefact = {name: path.as_posix() for name, path in self._outputs.items()}
        self._key = reuse_key(vars(record), self._outputs)
        self._state = ResumeState(self._outputs, self._key)
        for path in self._outputs.values():
            remove(partial(path))
            path.parent.mkdir(parents=True, exist_ok=True)

    def manifest(self, name: str) -> Manifest:
        """Return the one manifest passed as `--name`."""
        (manifest,) = self.manifests(name)
        return manifest

    def manifests(self, name: str) -> list[Manifest]:
        """Return the manifests passed as `--name`, none or more."""
        return self._manifests[name]

    def paths(self, name: str) -> list[Path]:
        """Return the paths passed as `--name`."""
        return [Path(value) for value in getattr(self._arguments, name)]

    def output(self, name: str) -> Path:
        """Return the path to write the output `name` to; it gets its final name when the job succeeds."""
        return partial(self._outputs[name])

    def final(self, name: str) -> Path:
        """Return the final path of the output `name`."""
        return self._outputs[name]

    def note(self, **facts: Any) -> None:
        """Add facts about this run to the record, such as losses or counts."""
        self._record.notes.update(facts)

    @property
    def log(self) -> Path:
        """Return the path of the job's log."""
        return Path(self._arguments.log)

    @property
    def save_every(self) -> float:
        """Return the seconds between two saved states of a training."""
        seconds: float = self._arguments.save_every
        return seconds

    def state(self) -> Path:
        """Return a folder with the state that an interrupted equal job saved, from which this job resumes."""
        return self._state.folder()

    def forget(self) -> None:
        """Start from the beginning: delete the state of an interrupted job."""
        self._state.clear()

    def reuse(self, holds: Callable[[dict[str, Any]], bool] = lambda notes: True, *, of_any_name: bool = False) -> bool:
        """Link back the cached outputs of an equal job, note it in the record, and return whether there were any.

        `holds` decides from that job's notes whether its outputs are still up to date. With `of_any_name` the outputs'
        names and the folders of inputs may differ, but no name inside a manifest.
        """
        own = self._reuse_cache.restore(self._key, holds)
        made = own
        if made is None and of_any_name:
            made = self._reuse_cache.restore_equal(vars(self._record), holds)
        if made is None:
            return False
        self.publish()
        self._record.notes, self._record.accepted = made["notes"], made["accepted"]
        facts = {name: made[name] for name in ("started", "seconds", "machine", "repository")}
        self._record.reused = made["reused"] or facts
        if own is None:
            self.keep()  # the other job may make other outputs
        return True

    def keep(self) -> None:
        """Cache the published outputs for a later equal job, and delete the saved state."""
        self._reuse_cache.keep(self._key, self._record.content(0, None))
        self._state.clear()

    def publish(self) -> None:
        """Give all outputs their final names, then write the manifest."""
        for path in self._outputs.values():
            publish(path)
            forget_removal(path)
        outputs = list(self._outputs.values())
        if self._arguments.manifest:
            path = Path(self._arguments.manifest)
            write_manifest(path, outputs, self._cache)
            outputs = [path]
        digests = self._cache.digests(outputs)
        self._record.outputs = {path.as_posix(): digest for path, digest in zip(outputs, digests, strict=True)}

    def where_full(self, error: BaseException) -> Path | None:
        """Return the folder whose disk is full, or None if `error` has another cause."""
        folders = [Path(), *(path.parent for path in self._outputs.values())]
        full = [folder for folder in folders if shutil.disk_usage(folder).free < LEFT_OF_A_FULL_DISK]
        reported = any(words in str(error).lower() for words in ("no space left", "disk quota", "disk is full"))
        return next(iter([*full, *(folders[1:] if reported else [])]), None)

    def discard(self) -> None:
        """Remove the partial outputs of an unfinished job."""
        for path in self._outputs.values():
            remove(partial(path))
