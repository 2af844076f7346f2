"""The downloads of a project, stored once for all jobs; a note beside every file has its digest."""

import logging
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO, Iterator

import httpx2

from pipeline_lib.core import locks
from pipeline_lib.core.digests import DigestCache, digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import remove, write_text
from pipeline_lib.core.text import pretty_json, read_object
from pipeline_lib.downloads.hosts import Slots
from pipeline_lib.downloads.names import is_url, name_in_url
from pipeline_lib.downloads.pace import RetryPolicy, UnreachableError, site_retry_policy
from pipeline_lib.downloads.pins import PINS, Pins, refuse_other
from pipeline_lib.downloads.transfer import Download, Transfer, WebFile
from pipeline_lib.machine.site import download_limits

FOLDER = Path(".vlmflow/downloads")
PAGE = (b"<!doctype html", b"<html")
SMALL = 2**22  # bytes
TIMEOUT = httpx2.Timeout(60, connect=30)

logger = logging.getLogger(__name__)


class Store:
    """The downloads of a project; when several processes request a file, one of them downloads it."""

    def __init__(self, folder: Path = FOLDER, pins: Path = PINS, policy: RetryPolicy | None = None) -> None:
        self._folder = folder
        self._pins = Pins(pins)
        self._cache = DigestCache()
        self._client = httpx2.Client(timeout=TIMEOUT, follow_redirects=True, headers={"User-Agent": "vlmflow"})
        self._stopping = Event()
        self._slots = Slots(folder / "hosts", download_limits().connections, self._stopping)
        self._transfer = Transfer(self._client, self._slots, policy or site_retry_policy(), self._stopping)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._slots.close()
        self._client.close()

    def stop(self) -> None:
        """End every wait and transfer in other threads."""
        self._stopping.set()

    def pinned(self, location: str, sha256: str | None) -> Path:
        """Return the file at a URL or path; its digest must be `sha256` or, if that is None, the pinned one.

        A file without a pin is pinned as it is; one that differs raises PipelineError.
        """
        if is_url(location):
            return self.pinned_download(WebFile(location), sha256)
        path = Path(location)
        if not path.is_file():
            raise PipelineError("no such file", where=location, cure="correct the path in the study")
        self._check_pin(location, path, sha256)
        return path

    def pinned_download(self, download: Download, sha256: str | None) -> Path:
        """Return the file of a download; see `pinned`."""
        pin = self._pins.get(download.name)
        known = sha256 or (pin["sha256"] if pin else None)
        path = self.file(download, known)
        self._check_pin(download.name, path, sha256)
        return path

    def _check_pin(self, name: str, path: Path, sha256: str | None) -> None:
        digest = self._digest(path)
        if sha256 is None:
            self._pins.add(name, {"sha256": digest, "size": path.stat().st_size})
        else:
            refuse_other(name, {"sha256": sha256}, {"sha256": digest}, "the study")

    def file(self, download: Download, sha256: str | None = None) -> Path:
        """Return the file of a download; its digest must be `sha256`, unless that is None."""
        path = self._path(download.name)
        if self._is_stored(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(_part(path)) as part:
            if self._is_stored(path, sha256):  # another process has received it meanwhile
                _part(path).unlink()
                return path
            self._receive(download, path, part, sha256)
        return path

    def _path(self, name: str) -> Path:
        key = digest_text(name)[:40]
        return self._folder / key[:2] / key

    def _digest(self, path: Path) -> str:
        """Return the digest of a file; hashing a small file is faster than a look-up in the cache."""
        return digest_file(path) if path.stat().st_size < SMALL else self._cache.digests([path])[0]

    def _is_stored(self, path: Path, sha256: str | None) -> bool:
        if not path.is_file() or not _note(path).is_file():
            return False
        try:
            recorded = field(read_object(_note(path)), "sha256", str, _note(path))
        except PipelineError:
            return False
        digest = self._digest(path)
        if digest != recorded:
            logger.warning("the download %s was modified; it is fetched again", path)
        return digest == recorded and sha256 in (None, digest)

    def _receive(self, download: Download, path: Path, part: BinaryIO, sha256: str | None) -> None:
        versions = path.with_name(f"{path.name}.version")
        resumed = part.seek(0, os.SEEK_END) > 0
        logger.debug("fetching %s", download.name)
        self._transfer.receive(download, part, versions)
        part.flush()
        digest = digest_file(_part(path))
        if resumed and sha256 not in (None, digest):  # the parts may be of two versions that the server does not name
            part.truncate(0)
            self._transfer.receive(download, part, versions)
            part.flush()
            digest = digest_file(_part(path))
        try:
            _refuse_page(download, _part(path))
            if sha256 is not None:
                refuse_other(download.name, {"sha256": sha256}, {"sha256": digest})
        except PipelineError:
            remove(_part(path))
            raise
        finally:
            remove(versions)
        write_text(_note(path), pretty_json({"name": download.name, "sha256": digest, "size": part.tell()}))
        _part(path).replace(path)


def put(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or a copy where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """Open the unfinished file under a lock; wait while another process or thread holds it."""
    while True:
        with part.open("a+b") as file:
            locks.take(file, without_locks="a download is not locked")
            if part.exists() and part.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield file
                return


def _refuse_page(download: Download, path: Path) -> None:
    """Raise UnreachableError if the server sent an HTML page instead of the file."""
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(PAGE) and not name_in_url(download.url).lower().endswith((".html", ".htm")):
        cure = "open the address in a browser: it may require a log-in or a form; then use the source `manual`"
        raise UnreachableError(download.name, "an HTML page instead of the file", cure)
