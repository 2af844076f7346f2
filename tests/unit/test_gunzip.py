"""Gzip files in large pieces: the bytes of `gzip`, whatever the pieces; damage is noticed."""

import gzip
import io
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.downloads import gunzip as module
from pipeline_lib.downloads.gunzip import gunzip


def read(packed: bytes, size: int = 1000) -> bytes:
    """Return the content, read so many bytes at a time."""
    with gunzip(io.BytesIO(packed)) as file:
        return b"".join(iter(lambda: file.read(size), b""))


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.integers(1, 400),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_members_come_out_as_from_gzip(members: list[bytes], size: int, packed: int, unpacked: int) -> None:
    data = b"".join(gzip.compress(member) + bytes(size % 7) for member in members)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PACKED", packed)
        patch.setattr(module, "UNPACKED", unpacked)
        content = read(data, size)
    assert content == b"".join(members) == gzip.decompress(data)


def test_a_part_can_be_passed_over() -> None:
    data = random.Random(0).randbytes(3_000_000)
    with gunzip(io.BytesIO(gzip.compress(data, 1))) as file:
        assert file.read(10) == data[:10] and file.seek(2_500_000) == 2_500_000
        assert file.read(5) == data[2_500_000:2_500_005] and file.tell() == 2_500_005
        with pytest.raises(ValueError, match="backwards"):
            file.seek(0)


@pytest.mark.parametrize("kept", [1, 12, 5000])
def test_a_file_that_ends_early_is_noticed(kept: int) -> None:
    with pytest.raises(EOFError):
        read(gzip.compress(random.Random(0).randbytes(9000))[:kept])


@pytest.mark.parametrize("place", [3000, -6, -2])
def test_a_damaged_byte_is_noticed(place: int) -> None:
    packed = bytearray(gzip.compress(random.Random(0).randbytes(9000)))
    packed[place] ^= 1
    with pytest.raises(zlib.error):
        read(bytes(packed))


def test_what_follows_the_last_member_is_no_member() -> None:
    with pytest.raises(zlib.error):
        read(gzip.compress(b"a") + b"more")


def test_a_bomb_comes_out_in_pieces() -> None:
    with gunzip(io.BytesIO(gzip.compress(bytes(50_000_000)))) as file:
        file.read(1)
        assert len(file._piece) <= module.UNPACKED
