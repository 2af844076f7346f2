"""Downloads one file over HTTP; resumes where the server allows it, and retries failures that may pass."""

import logging
import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event
from typing import BinaryIO, Protocol

import httpx2
import tenacity

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import optional_field
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, read_object
from pipeline_lib.downloads.hosts import Slots
from pipeline_lib.downloads.pace import Pace, RetryPolicy, UnreachableError
from pipeline_lib.job.progress import Progress

LARGE = 10_000_000  # bytes: a file that takes some time
SMALL = 250_000  # bytes of a body that begins again
DIGITS = 12  # read of a number of seconds
RETRIED = {408, 425, 429, 500, 502, 503, 504}
CURES = {
    401: "it requires a log-in: download it yourself and use the source `manual`",
    403: "it is forbidden, or behind a form: download it yourself and use the source `manual`",
    404: "correct the address",
}

logger = logging.getLogger(__name__)


class RetryableError(Exception):
    """A failure that may pass; `wait` is the server's Retry-After in seconds, or None."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Download(Protocol):
    """Something to download."""

    @property
    def name(self) -> str:
        """The name under which it is pinned."""

    @property
    def url(self) -> str:
        """The address of the download."""

    def open(self, client: httpx2.Client, headers: dict[str, str]) -> AbstractContextManager[httpx2.Response]:
        """Request the file with these headers, and return the response with its body unread."""


@dataclass(frozen=True)
class WebFile:
    """A file at a URL."""

    url: str

    @property
    def name(self) -> str:
        """Return the URL."""
        return self.url

    def open(self, client: httpx2.Client, headers: dict[str, str]) -> AbstractContextManager[httpx2.Response]:
        """Request the file."""
        return client.stream("GET", self.url, headers=headers)


class Transfer:
    """Receives downloads; setting `stopping` ends every wait."""

    def __init__(self, client: httpx2.Client, slots: Slots, policy: RetryPolicy, stopping: Event) -> None:
        self._client = client
        self._slots = slots
        self._policy = policy
        self._stopping = stopping

    def receive(self, download: Download, file: BinaryIO, notes: Path) -> None:
        """Receive a download into `file`; resume after the bytes in it if they are of the same version.

        `notes` is the file that records this version. A download that keeps failing raises UnreachableError.
        """
        pace = Pace(self._policy, download.name)
        furthest = file.seek(0, os.SEEK_END)
        complete = False
        while not complete:
            complete = self._with_retries(download, file, notes, furthest, pace)
            furthest = max(furthest, file.seek(0, os.SEEK_END))

    def _with_retries(self, download: Download, file: BinaryIO, notes: Path, furthest: int, pace: Pace) -> bool:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            wait=self._wait,
            stop=tenacity.stop_after_attempt(self._policy.attempts) | tenacity.stop_when_event_set(self._stopping),
            sleep=tenacity.sleep_using_event(self._stopping),
            before_sleep=_log_retry,
            reraise=True,
        )
        try:
            return attempts(self._advance, download, file, notes, furthest, pace)
        except RetryableError as error:
            cure = "the failure may be temporary: run the same command again later"
            raise UnreachableError(download.name, error.reason, cure) from error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.wait if isinstance(error, RetryableError) else None
        if retry_after is not None and retry_after > self._policy.longest_retry_after:
            raise PipelineError(
                f"the server asks to wait for {retry_after:.0f} s", cure="run the same command again after that"
            )
        backoff = min(self._policy.first_wait * 2 ** (state.attempt_number - 1), self._policy.longest_wait)
        return backoff if retry_after is None else retry_after

    def _advance(self, download: Download, file: BinaryIO, notes: Path, furthest: int, pace: Pace) -> bool:
        """Make one request; return whether the file is complete, False if it only grew."""
        try:
            with self._slots.at(download.url), pace.attempt():
                return self._request(download, file, notes, pace)
        except (httpx2.TransportError, httpx2.DecodingError, InterruptedError) as error:
            if file.seek(0, os.SEEK_END) > furthest and not self._stopping.is_set():
                logger.info("the connection broke after %d bytes; resuming", file.tell())
                return False
            raise RetryableError(f"no answer ({type(error).__name__})") from error
        except (httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
            raise UnreachableError(download.name, type(error).__name__, "correct the address") from error

    def _request(self, download: Download, file: BinaryIO, notes: Path, pace: Pace) -> bool:
        size = file.seek(0, os.SEEK_END)
        version = _recorded_version(notes) if size else None
        headers = {"Accept-Encoding": "identity"}
        if version:
            headers |= {"Range": f"bytes={size}-", "If-Range": version}
        with download.open(self._client, headers) as response:
            if response.status_code == 416 and version:
                if response.headers.get("Content-Range") == f"bytes */{size}":
                    return True
                return _start_again(file)
            _refuse_failure(response, download)
            refuse_encoded(response, download.name)
            if response.status_code == 206 and not _resumes(response, size, version):
                return _start_again(file)
            if response.status_code == 200:
                file.truncate(0)
            if size or not _is_small(response):  # else a new request takes less time than a note
                _record_version(notes, response)
            self._write(response, file, pace)
        return True

    def _write(self, response: httpx2.Response, file: BinaryIO, pace: Pace) -> None:
        size = file.seek(0, os.SEEK_END)
        length = response.headers.get("Content-Length", "")
        room = shutil.disk_usage(Path(file.name).parent).free
        whole = size + int(length[:20]) if length.isascii() and length.isdecimal() else None
        pace.begin(size, whole, size + room)
        progress = Progress("bytes", whole, size) if whole is not None and whole - size > LARGE else None
        for chunk in response.iter_raw():
            file.write(chunk)
            size += len(chunk)
            pace.note(size)
            if progress is not None:
                progress.at(size)
            if self._stopping.is_set():
                raise InterruptedError("stopped")


def _is_small(response: httpx2.Response) -> bool:
    length = response.headers.get("Content-Length", "")
    return length.isascii() and length.isdecimal() and len(length) <= DIGITS and int(length) <= SMALL


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0
    logger.info("%s%s; retrying in %.0f s", error, f": {error.__cause__}" if error and error.__cause__ else "", seconds)


def refuse_encoded(response: httpx2.Response, name: str) -> None:
    """Raise UnreachableError if a server compresses the body: a compressed body may expand without end."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        cure = "download the file yourself and use the source `manual`"
        raise UnreachableError(name, f"the server packs it as {encoding[:40]!r}, against the request", cure)


def _start_again(file: BinaryIO) -> bool:
    file.truncate(0)
    raise RetryableError("the file on the server is another one now", wait=0)


def _refuse_failure(response: httpx2.Response, download: Download) -> None:
    code = response.status_code
    if code in RETRIED:
        raise RetryableError(f"HTTP {code}", _asked_wait(response))
    if code not in (200, 206):
        raise UnreachableError(download.name, f"HTTP {code}", CURES.get(code, ""))


def _asked_wait(response: httpx2.Response) -> float | None:
    """Return the seconds of the Retry-After header, a number or a date; None without one."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return float(value[:DIGITS])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _resumes(response: httpx2.Response, size: int, version: str | None) -> bool:
    """Return whether a response has the bytes from `size` on, of the requested version."""
    starts = response.headers.get("Content-Range", "").startswith(f"bytes {size}-")
    return response.status_code == 206 and starts and _version(response) in (version, None)


def _version(response: httpx2.Response) -> str | None:
    """Return the header that identifies this version in a later request; a weak ETag does not mean equal bytes."""
    tag = response.headers.get("ETag", "")
    strong = tag if tag.startswith('"') else None
    return strong or response.headers.get("Last-Modified")


def _record_version(notes: Path, response: httpx2.Response) -> None:
    write_text(notes, pretty_json({"version": _version(response)}))


def _recorded_version(notes: Path) -> str | None:
    return optional_field(read_object(notes), "version", str, notes) if notes.is_file() else None
