"""Checks file names of downloads as paths below a folder, and refuses those that could lead out of it."""

import re
from pathlib import PurePosixPath
from typing import Iterable
from urllib.parse import unquote, urlsplit

from pipeline_lib.core.errors import PipelineError

LONGEST = 255  # bytes of one part of a path: the limit of Linux's file systems
LONGEST_PATH = 2048  # bytes of a path below the folder; Linux allows 4096 with the folder's own path

_DRIVE = re.compile(r"[A-Za-z]:")


def safe_name(name: str, where: object) -> str:
    """Return `name` as a relative POSIX path without `.` and empty parts; an unsafe name raises PipelineError."""
    fault = _fault(name)
    if fault:
        raise PipelineError(
            f"this file name is not safe: {fault}", where=where, value=name, cure="do not trust this source"
        )
    return PurePosixPath(name).as_posix()


def _fault(name: str) -> str:
    if name.startswith("/") or _DRIVE.match(name):
        return "an absolute path"
    if ".." in name.split("/"):
        return "it leads out of its folder"
    if "\\" in name or any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "a backslash or a control character"
    try:
        sizes = [len(part.encode()) for part in name.split("/")]
    except UnicodeEncodeError:
        return "not UTF-8"
    if max(sizes) > LONGEST:
        return f"longer than {LONGEST} bytes"
    if sum(sizes) + len(sizes) > LONGEST_PATH:
        return f"a path of more than {LONGEST_PATH} bytes"
    return "" if PurePosixPath(name).parts else "empty"


def refuse_collisions(names: Iterable[str], where: object) -> None:
    """Raise PipelineError if two files have the same name, or a file has the name of another's folder."""
    files: set[str] = set()
    folders: set[str] = set()
    for name in names:
        if name in files:
            raise PipelineError("two files have the same name", where=where, value=name)
        files.add(name)
        folders.update(parent.as_posix() for parent in PurePosixPath(name).parents)
    both = sorted(files & folders)
    if both:
        raise PipelineError("a file has the name of another's folder", where=where, value=both[0])


def name_in_url(url: str) -> str:
    """Return the last part of a path, or of a URL's path; empty if it ends in a slash."""
    return unquote(urlsplit(url).path if is_url(url) else url).rpartition("/")[2]


def is_url(location: str) -> bool:
    """Return whether a location is a URL rather than a path on this machine."""
    return location.startswith(("http://", "https://"))
