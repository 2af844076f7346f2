"""A file in parts reads as the file itself."""

import io
import random
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.downloads.split import SplitFile, parts_of_one_file


def test_any_read_at_any_place_returns_the_bytes_of_the_whole(tmp_path: Path) -> None:
    draw = random.Random(0)
    content = draw.randbytes(5000)
    cuts = [0, 0, 1, 1200, 1200, 4999, 5000, 5000]  # empty parts too
    parts = tuple(tmp_path / str(number) for number in range(len(cuts) - 1))
    for part, start, stop in zip(parts, cuts, cuts[1:], strict=False):
        part.write_bytes(content[start:stop])
    split, whole = SplitFile(parts), io.BytesIO(content)
    assert split.size == 5000
    with split.open() as file:
        for _ in range(300):
            offset, size = draw.randrange(5100), draw.choice([0, 1, 50, 4000, -1])
            assert file.seek(offset) == whole.seek(offset)
            assert file.read(size) == whole.read(size) and file.tell() == whole.tell()
        assert file.seek(-10, io.SEEK_END) == 4990 and file.read() == content[-10:]


@pytest.mark.parametrize(
    "names",
    [
        ["x/image.zip.part-aa", "x/image.zip.part-ab"],
        ["a.tar.part1", "a.tar.part9", "a.tar.part10"],
        ["a.zip.yz", "a.zip.zaaa"],
        ["one.zip"],
    ],
)
def test_parts_come_in_the_order_of_split(names: list[str]) -> None:
    assert parts_of_one_file(names[::-1], "here") == names


@pytest.mark.parametrize("names", [["a.zip", "b.zip"], ["a.zip", "a.zip.001"], ["x/a.zip.1", "y/a.zip.2"]])
def test_other_files_are_not_joined(names: list[str]) -> None:
    with pytest.raises(PipelineError, match="not the parts of one archive"):
        parts_of_one_file(names, "here")
