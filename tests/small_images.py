"""Six small images of several shapes, converted, with a reader."""

import io
import random
from pathlib import Path

from PIL import Image

from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard


def small_images(root: Path) -> ImageReader:
    """Draw six small images of several shapes, convert them below `root`, and return a reader of them."""
    raw = root / "raw"
    raw.mkdir(parents=True)
    for number, size in enumerate([(40, 30), (30, 40), (32, 32), (64, 64), (20, 50), (50, 20)]):
        buffer = io.BytesIO()
        noise = random.Random(number).randbytes(3 * size[0] * size[1])
        Image.frombytes("RGB", size, noise).save(buffer, "JPEG")
        (raw / f"{number}.jpg").write_bytes(buffer.getvalue())
    rows = convert_shard(raw, list(raw.iterdir()), root / "0.tar", root / "0.tar", ConvertSettings(to="jpeg"))
    write_index(root / "index.parquet", merge([rows], ""))
    return ImageReader([root / "index.parquet"])
