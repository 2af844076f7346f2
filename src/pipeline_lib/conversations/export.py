"""Rows of a table as JSON for other trainers, and their images in a folder."""

import json
from pathlib import Path, PurePosixPath
from typing import Any, Callable, Iterable, Iterator, Literal, Mapping

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import partial
from pipeline_lib.images.reader import ImageReader

RowFormat = Literal["llava-json", "sharegpt"]


def as_llava(row: Conversation) -> dict[str, Any]:
    """Return a row as LLaVA's data have it: `image` is a path, a list of several, or absent."""
    image = {} if row.image is None else {"image": row.image}
    return {"id": row.id, **image, "conversations": row.conversations}


def as_sharegpt(row: Conversation) -> dict[str, Any]:
    """Return a row in the ShareGPT form: `images` is always a list, in the order of their `<image>`.

    Source: hiyouga/LLaMA-Factory 015ff25, `data/README.md`.
    """
    return {"id": row.id, "conversations": row.conversations, "images": [path for path, _ in row.images]}


FORMATS: Mapping[RowFormat, Callable[[Conversation], dict[str, Any]]] = {
    "llava-json": as_llava,
    "sharegpt": as_sharegpt,
}


def write_export(path: Path, rows: Iterable[Conversation], form: RowFormat) -> None:
    """Write rows in their order as one JSON list, a line each; an existing file raises PipelineError."""
    if path.exists():
        raise PipelineError("this file exists already", where=path, cure="name another, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_lines(FORMATS[form](row) for row in rows))
        partial(path).replace(path)
    finally:
        partial(path).unlink(missing_ok=True)


def export_images(rows: Iterable[Conversation], images: ImageReader, folder: Path, link: bool) -> int:
    """Put all images of some rows below a folder, by their paths in the rows, and return how many there are.

    Each is checked against its pin. With `link`, those that are files of their own become symbolic links. A file that
    is there already stays if it is the same; another one, and a path outside the folder, raise PipelineError.
    """
    pins = {path: pin for row in rows for path, pin in row.images}
    for path, pin in sorted(pins.items()):
        target = folder / _inside(path)
        data = images.read(path, pin)
        if target.exists():
            if target.read_bytes() != data:
                raise PipelineError("another image is there already", where=target, cure="name another folder")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():  # of an earlier export, to a file that is gone
            target.unlink()
        row = images.row(path)
        if link and row.status == "kept":
            target.symlink_to((Path(row.container) / row.member).resolve())
        else:
            _write(target, data)
    return len(pins)


def other_pixels(rows: Iterable[Conversation]) -> int:
    """Return how many images of some rows a model here reads by another rule than LLaVA's code would."""
    return len({path for row in rows for path, pin in row.images if ":" in pin})


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False, allow_nan=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        cure = "correct the `prefix` of its dataset, or export without images"
        raise PipelineError("this image's path leads out of the folder", value=path, cure=cure)
    return path


def _write(target: Path, data: bytes) -> None:
    """Write a file that is whole or absent, whatever interrupts it."""
    with partial(target).open("wb") as file:
        file.write(data)
    partial(target).replace(target)
