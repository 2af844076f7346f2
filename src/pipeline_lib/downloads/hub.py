"""Downloads files of a Hugging Face Hub repository at one commit, and checks each against its digest there."""

import hashlib
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Iterator

import httpx2
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._paths import filter_repo_objects
from huggingface_hub.utils.tqdm import disable_progress_bars

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.urls import without_queries
from pipeline_lib.downloads.names import safe_name
from pipeline_lib.downloads.pins import refuse_other
from pipeline_lib.downloads.pool import at_once
from pipeline_lib.downloads.store import FOLDER, put
from pipeline_lib.job.progress import Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repository:
    """A repository at a commit; the user's token is sent to the hub itself, never to a mirror."""

    name: str
    kind: str
    commit: str
    endpoint: str | None

    @classmethod
    def open(cls, name: str, kind: str, revision: str, endpoint: str | None) -> "Repository":
        """Return the repository at the present commit of `revision`."""
        with _pipeline_errors(name, revision):
            commit = _api(endpoint).repo_info(name, repo_type=kind, revision=revision).sha
        if commit is None:
            raise PipelineError("the hub reports no commit of this revision", where=name, value=revision)
        return cls(name, kind, commit, endpoint)

    @cached_property
    def _tree(self) -> dict[str, RepoFile]:
        with _pipeline_errors(self.name, self.commit):
            entries = _api(self.endpoint).list_repo_tree(
                self.name, recursive=True, revision=self.commit, repo_type=self.kind
            )
            return {safe_name(entry.path, self.name): entry for entry in entries if isinstance(entry, RepoFile)}

    @cached_property
    def _digests(self) -> DigestCache:
        return DigestCache()

    def files(self, patterns: list[str]) -> list[str]:
        """Return the names that match one of the patterns, sorted."""
        return sorted(filter_repo_objects(self._tree, allow_patterns=patterns))

    def fetch(self, names: list[str], folder: Path) -> None:
        """Put the named files below `folder`, and verify each."""
        for name, path in zip(names, self.cached(names), strict=True):
            put(path, folder / name)

    def cached(self, names: list[str]) -> list[Path]:
        """Return the named files in the folder of downloads, each downloaded where it is absent, and verified."""
        disable_progress_bars()
        progress, paths = Progress("files", len(names)), list[Path]()
        for path in at_once(self._cached, names):
            paths.append(path)
            progress.at(len(paths))
        return paths

    def _cached(self, name: str) -> Path:
        with _pipeline_errors(self.name, self.commit):
            path = hf_hub_download(
                self.name,
                name,
                repo_type=self.kind,
                revision=self.commit,
                cache_dir=FOLDER / "hub",
                endpoint=self.endpoint,
                token=_token(self.endpoint),
            )
        entry, file = self._tree[name], Path(path).resolve()
        try:
            if entry.lfs is not None:
                [digest] = self._digests.digests([file])
                refuse_other(name, {"sha256": entry.lfs.sha256}, {"sha256": digest}, self.name)
            else:
                refuse_other(name, {"git": entry.blob_id}, {"git": _git_digest(file)}, self.name)
        except PipelineError:
            file.unlink()  # else the next call would take it from the cache
            raise
        return file


def _api(endpoint: str | None) -> HfApi:
    return HfApi(endpoint=endpoint, token=_token(endpoint))


def _token(endpoint: str | None) -> bool | None:
    """Return huggingface_hub's `token`: None sends the saved token, False sends none."""
    return None if endpoint is None else False


def _git_digest(path: Path) -> str:
    """Return git's digest of a file's content."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextmanager
def _pipeline_errors(name: str, revision: str) -> Iterator[None]:
    """Turn the hub's errors into a PipelineError with a cure."""
    try:
        yield
    except GatedRepoError as error:
        cure = f"accept its terms at https://huggingface.co/{name}, then `hf auth login`"
        raise PipelineError("this repository is gated", where=name, cure=cure) from error
    except RepositoryNotFoundError as error:
        cure = "correct the name or the `type`; for a private one, `hf auth login`"
        raise PipelineError(
            "the hub has no such repository, or your token cannot read it", where=name, cure=cure
        ) from error
    except RevisionNotFoundError as error:
        raise PipelineError("the repository has no such revision", where=name, value=revision) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx2.HTTPError) as error:
        reason = (without_queries(str(error)).splitlines() or [type(error).__name__])[0]
        raise PipelineError(
            f"the hub cannot be reached: {reason}", where=name, cure="run the same command again later"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # an invalid name or response
        reason = without_queries(f"{type(error).__name__}: {error}")[:200]
        raise PipelineError(
            f"the hub's response is invalid: {reason}",
            where=name,
            value=revision,
            cure="correct `repository` and `endpoint`",
        ) from error
