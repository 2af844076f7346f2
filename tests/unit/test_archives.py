"""Archives: what is in them comes out whole; what could do harm is refused, and nothing is written outside."""

import bz2
import gzip
import io
import lzma
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.downloads.archives import HARMLESS, extract, list_archive
from pipeline_lib.downloads.names import refuse_collisions

FILES = {
    "set/a.jpg": b"a" * 3000,
    "set/deep/b.jpg": b"b",
    "set/empty.jpg": b"",
    "other/c.jpg": b"c",
    "settle/d.jpg": b"d",
}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in others:
            archive.addfile(member)
    return buffer.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_of(kind: int, content: bytes = b"/etc/passwd") -> bytes:
    """Return a zip with a file of another kind, such as a symbolic link to `content`."""
    info = zipfile.ZipInfo("link.jpg")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def taken(tmp_path: Path, data: bytes, below: str = "") -> dict[str, bytes]:
    """Return what comes out of an archive; nothing may appear beside the folder that it is taken to."""
    archive, folder = tmp_path / "inner" / "archive", tmp_path / "inner" / "out"
    shutil.rmtree(archive.parent, ignore_errors=True)
    archive.parent.mkdir()
    archive.write_bytes(data)
    try:
        names = list_archive(archive, below)
        refuse_collisions(names, archive)
        folder.mkdir()
        extract(archive, below, set(names), folder)
    finally:
        outside = [path for path in tmp_path.rglob("*") if path not in (archive, archive.parent, folder)]
        assert all(folder in path.parents for path in outside)
        assert not any(path.is_symlink() for path in outside)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


FORMS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
}


@pytest.mark.parametrize("form", FORMS)
def test_files_come_out_of_every_form(tmp_path: Path, form: str) -> None:
    assert taken(tmp_path, FORMS[form](FILES)) == FILES


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_folder_of_an_archive_is_taken_without_its_name(tmp_path: Path, form: str) -> None:
    assert taken(tmp_path, FORMS[form](FILES), below="set/") == {
        name.removeprefix("set/"): content for name, content in FILES.items() if name.startswith("set/")
    }


def test_a_folder_that_is_not_there_is_named_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"sett(.|\n)*other, set, settle"):
        taken(tmp_path, zipped(FILES), below="sett")


def test_only_the_named_files_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tarred(FILES))
    extract(tmp_path / "a.tar", "", {"other/c.jpg"}, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["c.jpg"]


def test_dots_and_the_top_folder_in_names_are_nothing(tmp_path: Path) -> None:
    data = tarred({"./set/./a.jpg": b"a"}, member("./", tarfile.DIRTYPE), member("./set", tarfile.DIRTYPE))
    assert taken(tmp_path, data) == {"set/a.jpg": b"a"}


@pytest.mark.parametrize(
    "name",
    ["../a.jpg", "x/../../a.jpg", "/tmp/a.jpg", "C:/a.jpg", "x\\..\\a.jpg", "a\n.jpg", "x" * 256 + ".jpg", ".."],
)
@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, form: str, name: str) -> None:
    with pytest.raises(PipelineError, match="not safe") as raised:
        taken(tmp_path, FORMS[form]({"good.jpg": b"", name: b"bad"}))
    assert repr(name) in str(raised.value)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "symbolic link": (tarred({}, member("x", tarfile.SYMTYPE, "/etc/passwd")), "a link"),
    "link, then a file through it": (
        tarred({}, member("x", tarfile.SYMTYPE, ".."), member("x/y", tarfile.REGTYPE)),
        "a link",
    ),
    "hard link": (tarred({"a": b"a"}, member("x", tarfile.LNKTYPE, "/etc/passwd")), "a link"),
    "device": (tarred({}, member("x", tarfile.CHRTYPE)), "a device"),
    "pipe": (tarred({}, member("x", tarfile.FIFOTYPE)), "a device"),
    "folder outside": (tarred({"a": b"a"}, member("../x", tarfile.DIRTYPE)), "leads out"),
    "link in a zip": (zip_of(0o120000), "a link"),
    "device in a zip": (zip_of(0o020000), "a link or a device"),
    "one name twice": (tarred({"a": b"1", "./a": b"2"}), "two files have the same name"),
    "a file where a folder is": (tarred({"a": b"1", "a/b": b"2"}), "another's folder"),
    "nothing": (tarred({}), "empty|has no files"),
    "no archive": (b"just some text", "broken"),
    "no bytes": (b"", "broken"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_could_do_harm_is_refused(tmp_path: Path, kind: str) -> None:
    data, expected = HOSTILE[kind]
    with pytest.raises(PipelineError, match=expected):
        taken(tmp_path, data)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.jpg": b"a"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(PipelineError, match=r"encrypted(.|\n)*a\.jpg"):
        taken(tmp_path, bytes(data))


def with_size(data: bytes, size: int) -> bytes:
    """Return a zip of one member that declares another size of its content."""
    changed = bytearray(data)
    struct.pack_into("<I", changed, 22, size)
    struct.pack_into("<I", changed, data.index(b"PK\x01\x02") + 24, size)
    return bytes(changed)


@pytest.mark.parametrize("size", [10, 5000])
def test_a_member_of_another_size_than_it_declares_is_refused_by_name(tmp_path: Path, size: int) -> None:
    with pytest.raises(PipelineError, match=r"a\.jpg"):
        taken(tmp_path, with_size(zipped({"a.jpg": b"a" * 3000}), size))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    for data in (zipped({"a.jpg": bytes(HARMLESS + 1)}), gzip.compress(tarred({"a.jpg": bytes(HARMLESS + 1)}))):
        with pytest.raises(PipelineError, match="not safe to extract: it declares"):
            taken(tmp_path, data)


def test_zeros_without_end_after_a_tar_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="not safe"):
        taken(tmp_path, gzip.compress(tarred({"a.jpg": b"a"}) + bytes(HARMLESS)))


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    data = zipped({"a.jpg": b"".join(struct.pack("<I", n * 2654435761 % 2**32) for n in range(2000))})
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 9, 9, 9 * len(entry), start, 0)
    with pytest.raises(PipelineError, match="overlap"):
        taken(tmp_path, data[:start] + entry * 9 + tail)


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_an_archive_that_was_cut_off_is_refused_wherever_it_was_cut(tmp_path: Path, form: str) -> None:
    whole = FORMS[form](FILES)
    cuts = range(1, len(whole), max(1, len(whole) // 40)) if form != "tar" else range(1, 8 * 512, 256)
    for cut in cuts:
        with pytest.raises(PipelineError):
            taken(tmp_path, whole[:cut])


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    data = bytearray(tarred({"a.jpg": b"a", "b.jpg": b"b", "c.jpg": b"c"}))
    data[1024 + 148] ^= 1  # the checksum of the second header
    with pytest.raises(PipelineError, match="broken"):
        taken(tmp_path, bytes(data))


def test_a_damaged_byte_is_seen_by_the_checksum(tmp_path: Path) -> None:
    for form in ("zip", "tar.gz"):
        data = bytearray(FORMS[form]({"a.jpg": bytes(range(256)) * 20}))
        data[120] ^= 255
        with pytest.raises(PipelineError, match="broken"):
            taken(tmp_path, bytes(data))


@pytest.mark.parametrize("form", FORMS)
def test_many_members_are_bounded_together(tmp_path: Path, form: str) -> None:
    if form != "tar":  # a plain one holds what it says
        with pytest.raises(PipelineError, match="not safe to extract: it declares"):
            taken(tmp_path, FORMS[form]({f"{number}.bin": bytes(HARMLESS // 2) for number in range(3)}))


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_path_longer_than_a_disk_takes_is_refused(tmp_path: Path, form: str) -> None:
    with pytest.raises(PipelineError, match="a path of more than"):
        taken(tmp_path, FORMS[form]({("d" * 200 + "/") * 25 + "x": b"1"}))


def test_content_for_which_there_is_no_room_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_lib.downloads.archives.shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(PipelineError, match=r"not enough disk space(.|\n)*a\.jpg(.|\n)*10 are free"):
        taken(tmp_path, tarred(FILES))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [-512, -1, 2**40])
def test_a_header_of_a_negative_or_enormous_size_is_refused(tmp_path: Path, kind: bytes, size: int) -> None:
    header = bytearray(member("x", kind).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (b"\xff" if size < 0 else b"\x80") + (size % 2**88).to_bytes(11, "big")
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:512]))
    with pytest.raises(PipelineError):
        taken(tmp_path, bytes(header) + bytes(1024))
