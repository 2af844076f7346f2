"""What the data stages cost beside bare code that does the same: CPU seconds and peak memory, both sides in one run.

    python timings/data.py [--work NAME ...] [--scale 0.1] [--folder DIR]

Every side is a process of its own, with its imports; its CPU seconds are user and system time, its memory is the peak
of its resident set, which counts mapped files too. Images are converted in this process. The inputs are made here from
a seed: at scale 1 a JSON file of the shape of LLaVA's 665,298 instruction rows (1 GB), and an index of 367,000 images.
The baselines read, check and write no more than vlmflow does: they compute no digests of rows, name no reasons, and
recognise no other faults than the plainest.
"""

import argparse
import hashlib
import io
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Callable, Iterator

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

ROWS, IMAGES = 665_298, 367_000
SHARDS = 8
PICTURES = 20  # a turn
KEPT = ("jpeg", "cmyk")
KINDS = (*KEPT, "png", "rgba", "palette", "gif", "deep")
COLLECTIONS = ["coco/train2017/{:012d}.jpg", "gqa/images/{}.jpg", "ocr_vqa/images/{:010d}.jpg", "vg/VG_100K/{}.jpg"]


def image_paths(count: int) -> list[str]:
    """Return so many paths of four collections, sorted."""
    return sorted(COLLECTIONS[number % 4].format(number // 4) for number in range(count))


def mixed_rows(count: int, images: int) -> Iterator[dict[str, object]]:
    """Yield rows like LLaVA's: one in sixteen without an image, answers of one word, a sentence or a paragraph."""
    draw = random.Random(7)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randrange(2, 10))) for _ in range(20_000)]
    pool = draw.choices(words, [1 / (rank + 10) for rank in range(len(words))], k=1_000_000)
    paths = image_paths(images)
    for number in range(count):
        image = {} if number % 16 == 3 else {"image": draw.choice(paths)}
        longest, turns = draw.choice([(150, 1), (60, 4), (8, 8), (8, 10), (8, 2)])
        conversation = []
        for turn in range(turns):
            for speaker, words_at_most in (("human", 20), ("gpt", longest)):
                start = draw.randrange(len(pool) - words_at_most)
                text = " ".join(pool[start : start + draw.randrange(1, words_at_most)])
                shows = image and turn == 0 and speaker == "human"
                conversation.append({"from": speaker, "value": f"<image>\n{text}?" if shows else f"{text}."})
        yield {"id": f"{number:012d}", **image, "conversations": conversation}


def write_inputs(folder: Path, scale: float) -> None:
    """Write the JSON file and the index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipeline_lib.images.index import SCHEMA

    paths = image_paths(int(IMAGES * scale))
    digests = [hashlib.sha256(path.encode()).hexdigest() for path in paths]
    texts = {"status": "kept", "reason": "JPEG", "container": "data/raw/all/000", "pixels": "any", "doubt": ""}
    columns = {name: [texts.get(name, 1)] * len(paths) for name in SCHEMA.names}
    columns |= {"path": paths, "member": paths, "sha256": digests, "source_sha256": digests}
    table = pa.table(columns, SCHEMA)
    pq.write_table(table, folder / "index.parquet")
    for shard in range(SHARDS):
        rows = list(range(shard, len(paths), SHARDS))
        pq.write_table(table.take(rows), folder / f"shard-{shard}.parquet")
    with (folder / "rows.json").open("w") as file:
        file.write("[\n")
        for number, row in enumerate(mixed_rows(int(ROWS * scale), int(IMAGES * scale))):
            file.write(("," if number else "") + json.dumps(row, indent=2) + "\n")
        file.write("]\n")


def bare_tabulate(folder: Path) -> None:
    """Load all, check the turns and the image of every row, write the Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    index = pq.read_table(folder / "index.parquet", columns=["path", "sha256"])
    pins = dict(zip(index["path"].to_pylist(), index["sha256"].to_pylist(), strict=True))
    columns: dict[str, list[object]] = {"row": [], "id": [], "image": [], "image_sha256": [], "conversations": []}
    for number, row in enumerate(json.loads((folder / "rows.json").read_text())):
        turns, image = row["conversations"], row.get("image")
        speakers = all(turn["from"] == ("human", "gpt")[place % 2] for place, turn in enumerate(turns))
        filled = all(turn["value"].replace("<image>", "").strip() for turn in turns)
        shown = sum(turn["value"].count("<image>") for turn in turns)
        if not (speakers and filled and len(turns) % 2 == 0 and shown == (image is not None)):
            continue
        if image is None or (image in pins and "<image>" in turns[0]["value"]):
            for name, value in zip(columns, (number, row["id"], image, pins.get(image), turns), strict=True):
                columns[name].append(value)
    pq.write_table(pa.table(columns), folder / "bare.parquet")


def tabulate(folder: Path) -> None:
    """Make the table and its pins as the stage does."""
    from pipeline_lib.conversations.source_rows import rows_of_file
    from pipeline_lib.conversations.tabulate import tabulate as tabulated
    from pipeline_lib.conversations.writing import TableWriter
    from pipeline_lib.images.reader import ImageReader

    with TableWriter(folder / "table.parquet", folder / "table.pins.parquet") as rows:
        tabulated(rows_of_file(folder / "rows.json"), ImageReader([folder / "index.parquet"]), folder, rows=rows)


def bare_sample(folder: Path) -> None:
    """Load all rows, take half of them, write them."""
    rows = json.loads((folder / "rows.json").read_text())
    random.seed(0)
    with (folder / "half.json").open("w") as file:
        json.dump(random.sample(rows, len(rows) // 2), file)


def sample(folder: Path) -> None:
    """Take half of the table."""
    from pipeline_lib.conversations.sample import SampleSettings, sample_pins
    from pipeline_lib.conversations.subset import write_pins
    from pipeline_lib.sampling.digest_rank import Settings

    settings = SampleSettings(sample=Settings(fraction=0.5), seed=0)
    write_pins(folder / "half.parquet", sample_pins(folder / "table.pins.parquet", settings))


def bare_reader(folder: Path) -> None:
    """Put four columns of the index into a dictionary."""
    import pyarrow.parquet as pq

    names = ["path", "container", "member", "sha256"]
    columns = [column.to_pylist() for column in pq.read_table(folder / "index.parquet", columns=names).columns]
    print(len(dict(zip(columns[0], zip(*columns[1:], strict=True), strict=True))))


def reader(folder: Path) -> None:
    """Open the reader of images, and look one up."""
    from pipeline_lib.images.reader import ImageReader

    print(ImageReader([folder / "index.parquet"]).pin(COLLECTIONS[0].format(0)))


def index(folder: Path) -> None:
    """Merge the indexes of eight shards, as the stage does."""
    from pipeline_lib.images.merging import merge_indexes

    merge_indexes(sorted(folder.glob("shard-*.parquet")), [], "", folder / "merged.parquet")


def bare_index(folder: Path) -> None:
    """Read, sort and write the same rows with all of them in memory as Arrow's columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("shard-*.parquet"))])
    pq.write_table(table.sort_by("path"), folder / "bare.parquet")


def picture(kind: str) -> bytes:
    """Return a noisy image of 640 x 480 pixels in one of the formats."""
    import numpy as np
    from PIL import Image

    draw = np.random.default_rng(0)
    coarse = Image.fromarray(draw.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((640, 480))
    noisy = np.clip(np.asarray(coarse).astype(int) + draw.integers(-12, 13, (480, 640, 3)), 0, 255).astype(np.uint8)
    image = Image.fromarray(noisy)
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    images = {
        "jpeg": (image, "JPEG"),
        "cmyk": (image.convert("CMYK"), "JPEG"),
        "png": (image, "PNG"),
        "rgba": (image.convert("RGBA"), "PNG"),
        "palette": (image.quantize(256), "PNG"),
        "gif": (image.quantize(256), "GIF"),
        "deep": (Image.fromarray(grey), "PNG"),
    }
    buffer = io.BytesIO()
    images[kind][0].save(buffer, images[kind][1])
    return buffer.getvalue()


def bare_image(kind: str) -> None:
    """Decode an image; write it as JPEG if its format is not kept."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture_of(kind)))
    image.load()
    if kind not in KEPT:
        image.convert("RGB").save(io.BytesIO(), "JPEG", quality=95, subsampling=0)


def image(kind: str) -> None:
    """Convert an image as the stage does."""
    from pipeline_lib.images.convert import ConvertSettings, convert_image

    convert_image(picture_of(kind), None, ConvertSettings(to="jpeg"))


picture_of = cache(picture)


def of_images() -> None:
    """Print a table of the formats: milliseconds an image in this process, the smallest of five turns of each side."""
    print("\n| image, 640 x 480 | bare, ms | vlmflow, ms | times as fast |\n|---|---|---|---|")
    for kind in KINDS:
        bare, own = math.inf, math.inf
        for _ in range(5):
            bare, own = min(bare, per_image(bare_image, kind)), min(own, per_image(image, kind))
        print(f"| {kind}{', kept' if kind in KEPT else ''} | {bare:.2f} | {own:.2f} | {bare / own:.2f} |")


def per_image(side: Callable[[str], None], kind: str) -> float:
    """Return the CPU milliseconds that a side takes for an image."""
    side(kind)
    before = time.process_time()
    for _ in range(PICTURES):
        side(kind)
    return (time.process_time() - before) / PICTURES * 1000


WORKS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "tabulate": (bare_tabulate, tabulate),
    "sample": (bare_sample, sample),
    "reader": (bare_reader, reader),
    "index": (bare_index, index),
}


def measured(side: str, folder: Path, scale: float = 1.0) -> tuple[float, float]:
    """Return CPU seconds and peak megabytes of a side of a work, in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder), "--scale", str(scale)]
    *_, last = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()
    seconds, megabytes = map(float, last.split())
    return seconds, megabytes


def report(folder: Path, scale: float, works: list[str]) -> None:
    """Measure each work's two sides and print a table."""
    measured("inputs", folder, scale)
    print(f"scale {scale}, {time.strftime('%Y-%m-%d')}, CPU seconds and peak MB\n")
    print("| work | bare code | vlmflow | times as fast | share of the memory |\n|---|---|---|---|---|")
    for name in works:
        if name == "sample" and not (folder / "table.pins.parquet").is_file():
            measured("tabulate", folder)
        if name == "reader":
            measured("reader", folder)  # the first opening of an index writes its mapped copy
        bare, own = (measured(side.__name__, folder) for side in WORKS[name])
        cells = [f"{seconds:.2f} s, {megabytes:.0f} MB" for seconds, megabytes in (bare, own)]
        print(f"| {name} | {' | '.join(cells)} | {bare[0] / own[0]:.2f} | {own[1] / bare[1]:.2f} |", flush=True)


def main() -> None:
    """Measure, or with `--side` be one side of a measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", nargs="*", choices=list(WORKS), default=list(WORKS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side")
    arguments = parser.parse_args()
    if arguments.side:
        if arguments.side == "inputs":  # not in the parent, whose peak of memory its children inherit
            write_inputs(arguments.folder, arguments.scale)
        else:
            globals()[arguments.side](arguments.folder)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        report(Path(folder), arguments.scale, arguments.work)
    of_images()


if __name__ == "__main__":
    main()
