"""The convert stage: decide for every raw image whether it is kept, converted to JPEG, or quarantined."""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.settings import Settings
from pipeline_lib.images.decode import SUFFIXES, Seen, UnreadableImageError, look, open_image, rgb
from pipeline_lib.images.index import IndexRow


class ConvertSettings(Settings):
    """How the images of a dataset become what models read."""

    to: Literal["jpeg", "keep"] = Field(
        description="jpeg: what is not JPEG is converted (training sets); keep: the given bytes are read (benchmarks)"
    )
    quality: int = Field(
        default=95, ge=1, le=100, description="JPEG quality of converted images; no chroma subsampling"
    )


@dataclass(frozen=True)
class Converted:
    """The verdict on one raw image, and the new bytes where it was converted."""

    status: Literal["kept", "converted", "quarantined"]
    reason: str
    seen: Seen | None
    data: bytes | None


def convert_image(data: bytes, suffix: str, settings: ConvertSettings) -> Converted:
    """Return what becomes of an image file with these bytes and this name suffix (lower case, with its dot)."""
    try:
        seen = look(data)
        label = "" if _suffix_fits(seen.format, suffix) else f", named {suffix}"
        if settings.to == "keep" or seen.format == "JPEG":
            return Converted("kept", f"{seen.format}{label}", seen, None)
        frames = f", first of {seen.frames} frames" if seen.frames > 1 else ""
        return Converted("converted", f"{seen.format} {seen.mode}{label}{frames}", seen, _jpeg(data, settings.quality))
    except UnreadableImageError as error:
        return Converted("quarantined", str(error), None, None)


def convert_shard(
    raw: Path, files: list[Path], tar: Path, container: Path, settings: ConvertSettings
) -> list[IndexRow]:
    """Convert the image files of one shard and return an index row for each, sorted by name.

    `raw` is the folder that names are relative to; converted images are appended to the uncompressed archive `tar`,
    which the index calls `container`. Files that are not images by their suffix are left alone.
    """
    rows = []
    images = sorted((file for file in files if file.suffix.lower() in SUFFIXES), key=lambda file: file.as_posix())
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as archive:
        for file in images:
            name = file.relative_to(raw).as_posix()
            data = file.read_bytes()
            done = convert_image(data, file.suffix.lower(), settings)
            if done.data is None:
                place, kept = (raw.as_posix(), 0), data
            else:
                place, kept = (container.as_posix(), _append(archive, name, done.data)), done.data
            rows.append(_index_row(name, place, data, kept, done))
    return rows


def _index_row(name: str, place: tuple[str, int], source: bytes, kept: bytes, done: Converted) -> IndexRow:
    container, offset = place
    return IndexRow(
        path=name,
        status=done.status,
        reason=done.reason,
        container=container,
        member=name,
        offset=offset,
        size=len(kept),
        width=done.seen.width if done.seen else 0,
        height=done.seen.height if done.seen else 0,
        frames=done.seen.frames if done.seen else 0,
        source_sha256=digest_bytes(source),
        sha256=digest_bytes(kept),
    )


def _append(archive: tarfile.TarFile, name: str, data: bytes) -> int:
    """Append a member with fixed owner and time, and return the offset of its bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
    return int(archive.offset) - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _jpeg(data: bytes, quality: int) -> bytes:
    buffer = io.BytesIO()
    try:
        rgb(open_image(data)).save(buffer, "JPEG", quality=quality, subsampling=0)
    except (OSError, ValueError) as error:
        raise UnreadableImageError(f"cannot be written as JPEG: {error}") from error
    return buffer.getvalue()


def _suffix_fits(image_format: str, suffix: str) -> bool:
    fitting = {"JPEG": {".jpg", ".jpeg"}, "MPO": {".jpg", ".jpeg"}, "TIFF": {".tif", ".tiff"}}
    return suffix in fitting.get(image_format, {f".{image_format.lower()}"})
