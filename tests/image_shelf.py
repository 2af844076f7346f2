"""Datasets of small images in a folder, converted as a study converts them, and rows about them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard


def picture(seed: int, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Return a picture of smooth random shapes."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the bytes of an image's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turn(speaker: str, text: str) -> dict[str, str]:
    """Return a turn of a conversation."""
    return {"from": speaker, "value": text}


class Shelf:
    """Datasets below a folder; the paths of a dataset's images begin with its name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.indexes: list[Path] = []

    def add(self, name: str, to: str, files: dict[str, bytes]) -> None:
        """Add a dataset of these files, converted to `jpeg` or kept."""
        raw = self.root / name
        raw.mkdir()
        for file, data in files.items():
            (raw / file).write_bytes(data)
        self.index(name, raw, to, f"{name}/")

    def index(self, name: str, raw: Path, to: str, prefix: str = "") -> None:
        """Add a dataset of the files in a folder."""
        tar = self.root / f"{name}.tar"
        files = sorted(path for path in raw.rglob("*") if path.is_file())
        rows = merge([convert_shard(raw, files, tar, tar, ConvertSettings(to=to))], prefix)
        self.indexes.append(self.root / f"{name}.index.parquet")
        write_index(self.indexes[-1], rows)

    @property
    def images(self) -> ImageReader:
        """Return a reader of all images."""
        return ImageReader(self.indexes)

    def row(self, number: int, path: str | None, question: str) -> Conversation:
        """Return a row about an image, or about none."""
        pin = None if path is None else self.images.row(path).pin
        text = question if path is None else f"<image>\n{question}"
        return Conversation(number, str(number), path, pin, [turn("human", text), turn("gpt", "Yes")])
