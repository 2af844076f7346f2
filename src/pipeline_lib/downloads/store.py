"""What was downloaded, kept once for all jobs that need it: every file beside a note of its digest."""

import fcntl
import logging
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO, Iterator

import httpx2

from pipeline_lib.core.digests import DigestCache, digest_file, digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import field
from pipeline_lib.core.files import remove, write_text
from pipeline_lib.core.text import pretty_json, read_object
from pipeline_lib.downloads.names import is_url, name_in_url
from pipeline_lib.downloads.pace import RetryPolicy, UnreachableError, patience_here
from pipeline_lib.downloads.pins import PINS, Pins, refuse_other
from pipeline_lib.downloads.transfer import Download, Transfer, WebFile

FOLDER = Path(".vlmflow/downloads")
PAGE = (b"<!doctype html", b"<html")
SMALL = 2**22  # bytes
TIMEOUT = httpx2.Timeout(60, connect=30)

logger = logging.getLogger(__name__)


class Store:
    """The downloads of a project; a file that several processes ask for is downloaded by one of them."""

    def __init__(self, folder: Path = FOLDER, pins: Path = PINS, patience: RetryPolicy | None = None) -> None:
        self._folder = folder
        self._pins = Pins(pins)
        self._cache = DigestCache()
        self._client = httpx2.Client(timeout=TIMEOUT, follow_redirects=True, headers={"User-Agent": "vlmflow"})
        self._stopping = Event()
        self._transfer = Transfer(self._client, folder / "hosts", patience or patience_here(), self._stopping)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._client.close()

    def stop(self) -> None:
        """End every wait and transfer that goes on in other threads."""
        self._stopping.set()

    def pinned(self, place: str, sha256: str | None) -> Path:
        """Return the file at a URL, or on this machine, which has the digest `sha256`, or else the pinned one.

        A file that was never seen is pinned as it is; one that differs raises PipelineError.
        """
        if is_url(place):
            return self.pinned_download(WebFile(place), sha256)
        path = Path(place)
        if not path.is_file():
            raise PipelineError("no such file", where=place, cure="correct the path in the study")
        self._hold_to_pin(place, path, sha256)
        return path

    def pinned_download(self, download: Download, sha256: str | None) -> Path:
        """Return the file of a download; see `pinned`."""
        pin = self._pins.get(download.name)
        known = sha256 or (pin["sha256"] if pin else None)
        path = self.file(download, known)
        self._hold_to_pin(download.name, path, sha256)
        return path

    def _hold_to_pin(self, name: str, path: Path, sha256: str | None) -> None:
        found = self._digest(path)
        if sha256 is None:
            self._pins.add(name, {"sha256": found, "size": path.stat().st_size})
        else:
            refuse_other(name, {"sha256": sha256}, {"sha256": found}, "the study")

    def file(self, download: Download, sha256: str | None = None) -> Path:
        """Return the file of a download, which has the digest `sha256` where one is given."""
        path = self._path(download.name)
        if self._is_there(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(_part(path)) as part:
            if self._is_there(path, sha256):  # another process received it meanwhile
                _part(path).unlink()
                return path
            self._receive(download, path, part, sha256)
        return path

    def _path(self, name: str) -> Path:
        key = digest_text(name)[:40]
        return self._folder / key[:2] / key

    def _digest(self, path: Path) -> str:
        """Return the digest of a file; a small one is read sooner than its entry in a table."""
        return digest_file(path) if path.stat().st_size < SMALL else self._cache.digests([path])[0]

    def _is_there(self, path: Path, sha256: str | None) -> bool:
        if not path.is_file() or not _note(path).is_file():
            return False
        try:
            noted = field(read_object(_note(path)), "sha256", str, _note(path))
        except PipelineError:
            return False
        found = self._digest(path)
        if found != noted:
            logger.warning("the download %s was altered; it is fetched again", path)
        return found == noted and sha256 in (None, found)

    def _receive(self, download: Download, path: Path, part: BinaryIO, sha256: str | None) -> None:
        versions = path.with_name(f"{path.name}.version")
        resumed = part.seek(0, os.SEEK_END) > 0
        logger.debug("fetching %s", download.name)
        self._transfer.receive(download, part, versions)
        part.flush()
        found = digest_file(_part(path))
        if resumed and sha256 not in (None, found):  # the parts may be of two versions that the server does not tell
            part.truncate(0)
            self._transfer.receive(download, part, versions)
            part.flush()
            found = digest_file(_part(path))
        try:
            _refuse_page(download, _part(path))
            if sha256 is not None:
                refuse_other(download.name, {"sha256": sha256}, {"sha256": found})
        except PipelineError:
            remove(_part(path))
            raise
        finally:
            remove(versions)
        write_text(_note(path), pretty_json({"name": download.name, "sha256": found, "size": part.tell()}))
        _part(path).replace(path)


def put(source: Path, target: Path) -> None:
    """Make `target` the file `source` by a hard link, or a copy where the file system has none."""
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
def _alone(part: Path) -> Iterator[BinaryIO]:
    """Open the unfinished file for reading and writing, alone: another process or thread is waited for."""
    while True:
        with part.open("a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                logger.warning("a download is not locked: %s", error)
            if part.exists() and part.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield file
                return


def _refuse_page(download: Download, path: Path) -> None:
    """Raise UnreachableError where an HTML page came in place of a file."""
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(PAGE) and not name_in_url(download.url).lower().endswith((".html", ".htm")):
        cure = "open the address in a browser: it may want a log-in or a form; then use the source `manual`"
        raise UnreachableError(download.name, "an HTML page instead of the file", cure)
