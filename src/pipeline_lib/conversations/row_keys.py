"""The keys of a source row: the ones read, those that name unread media, and those that count as unused."""

import posixpath
import re
from typing import Any, Iterator

from pipeline_lib.prompts.base import IMAGE

READ = frozenset({"id", "image", "conversations"})
READ_IN_TURN = frozenset({"from", "value"})

# Keys that describe a row's origin or topic, and never its prompt or its answer.
DESCRIPTIVE = frozenset(
    {
        *("model", "source", "sources", "data_source", "dataset", "dataset_name", "split", "task", "type", "category"),
        *("license", "version", "language", "lang", "metadata", "meta", "idx", "index", "uid", "uuid", "question_id"),
        *("image_id", "width", "height", "image_size", "url"),
    }
)

KNOWN = READ | DESCRIPTIVE

NAMES_IMAGE = "image_id"  # in a row without an image, it names an image left behind

MEDIA_KEY = re.compile(
    r"(\w+[_ -])?(image|img|pic|picture|photo|figure|screenshot|thumbnail|media|visual|video|clip|frame|audio|sound"
    r"|speech|wav|pdf|pixel_value|point_cloud)s?[_ -]?\d*"
    r"([_ -]?(path|file|filename|name|url|uri|link|list|folder|dir|data|base64|bytes)s?)?",
    re.IGNORECASE,
)
MEDIA_FILE = re.compile(
    r"\.(jpe?g|png|gif|webp|bmp|tiff?|avif|hei[cf]|svg|mp4|mov|avi|mkv|webm|mp3|wav|flac|ogg|m4a|pdf|dcm|nii(\.gz)?)(\?.*)?$|^data:(image|video|audio)/",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(
    r"<\|? ?(images?|img|picture|photo|videos?|audios?|speech|sound|imagehere|(image|video|audio)_?(pad|placeholder)"
    r"|vision_start|img_context)([ _-]?\d+)? ?/?\|?>|\[(image|img|video|audio)\]",
    re.IGNORECASE,
)


def unread_media(raw: dict[str, Any]) -> str:
    """Return the first unread key of a row or its turns that names media; empty without one.

    A key that repeats an image of the row, or names the URL that it was loaded from, does not count. In a row without
    an image, a descriptive key that names a file of media counts too: the row would be trained without it.
    """
    images = list(_texts(raw.get("image")))
    named = next((key for key, value in _unread(raw) if _names_media(key, value, images)), "")
    return named or ("" if images else _described_media(raw))


def unread_placeholder(text: str) -> str:
    """Return the placeholder of other media with which a text begins or ends, such as `<video>`; empty without one.

    In the middle of a text it counts as text, since it may be an HTML tag. `<image>` is removed first, so a placeholder
    that follows it is at the beginning.
    """
    others = text.replace(IMAGE, "").strip()
    if "<" not in others and "[" not in others:  # with which every placeholder begins
        return ""
    return next((match[0] for match in PLACEHOLDER.finditer(others) if _at_an_end(match)), "")


def unused_keys(raw: dict[str, Any]) -> set[str]:
    """Return the keys of a row and its turns that are neither read nor descriptive, those of turns as `turn.KEY`."""
    return {key for key, _ in _unread(raw)}


def _unread(raw: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row and its turns that are neither read nor descriptive; nearly all have none."""
    if not raw.keys() <= KNOWN:
        yield from ((key, value) for key, value in raw.items() if key not in KNOWN)
    turns = raw.get("conversations")
    for turn in turns if isinstance(turns, list) else []:
        if isinstance(turn, dict) and not (len(turn) == 2 and "from" in turn and "value" in turn):
            yield from ((f"turn.{key}", value) for key, value in turn.items() if key not in READ_IN_TURN)


def _names_media(key: str, value: Any, images: list[str]) -> bool:
    names = list(_texts(value))
    if images and names and all(any(_is_of(name, image) for image in images) for name in names):
        return False
    is_media_key = MEDIA_KEY.fullmatch(key.removeprefix("turn.")) is not None
    if is_media_key:
        return bool(names) or (isinstance(value, list | dict) and bool(value))
    return any(MEDIA_FILE.search(name) for name in names)


def _described_media(raw: dict[str, Any]) -> str:
    """Return the first descriptive key that names an image or another file of media; empty without one."""
    described = {key: raw[key] for key in raw if key in DESCRIPTIVE}
    files = (key for key, value in described.items() if any(map(_is_media_file, _texts(value))))
    if described.get(NAMES_IMAGE) not in (None, ""):
        return NAMES_IMAGE
    return next(files, "")


def _is_media_file(name: str) -> bool:
    """Return whether a text is the path or URL of media; a document on the web is where a text is from."""
    return MEDIA_FILE.search(name) is not None and not ("://" in name and ".pdf" in name)


def _is_of(name: str, image: str) -> bool:
    return posixpath.basename(name) == posixpath.basename(image) or name.startswith(("http://", "https://"))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value: itself, or those of a list or mapping."""
    if isinstance(value, str):
        yield from [value] if value else []
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _at_an_end(match: re.Match[str]) -> bool:
    return match.start() == 0 or match.end() == len(match.string)
