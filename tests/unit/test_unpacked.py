"""Archives of several shards: they are read once for all of them, whoever dies, and no shard gets half of its files."""

import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below, partial, remove
from pipeline_lib.downloads.split import SplitFile
from pipeline_lib.fetching.shard import Fetched, FetchSettings, fetch_shard
from pipeline_lib.fetching.unpacked import FOLDER
from pipeline_lib.sources.base import shard_of
from tests.project import ROOT
from tests.unit.test_archives import FORMS, tarred

SHARDS = 4
FILES = {f"set/{number:03d}.jpg": bytes([number]) * 500 for number in range(60)}
RAW = Path("data/raw/photos")
ARCHIVE = "photos.tar"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the working directory be a project with an archive."""
    monkeypatch.chdir(tmp_path)
    Path(ARCHIVE).write_bytes(tarred(FILES))


@pytest.fixture()
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return a list that gets the number of bytes of every reading of an archive to its end."""
    counted: list[int] = []
    plain: Callable[[SplitFile], BinaryIO] = SplitFile.open

    class Counted:
        def __init__(self, file: BinaryIO) -> None:
            self._file = file
            counted.append(0)

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

        def __enter__(self) -> "Counted":
            return self

        def __exit__(self, *error: object) -> None:
            self._file.close()

        def read(self, size: int = -1) -> bytes:
            data = self._file.read(size)
            counted[-1] += len(data)
            return data

    monkeypatch.setattr(SplitFile, "open", lambda self: Counted(plain(self)))
    yield counted


def settings(shard: int, shards: int = SHARDS) -> FetchSettings:
    source = {"kind": "archive", "url": ARCHIVE, "below": "set"}
    return FetchSettings.model_validate({"source": source, "seed": 0, "shard": shard, "shards": shards})


def fetch(shard: int, shards: int = SHARDS, chosen: set[str] | None = None) -> Fetched:
    """Fetch a shard as its job does: into a partial folder, which then gets its name."""
    folder = RAW / f"{shard:03d}"
    remove(folder)
    remove(partial(folder))
    done = fetch_shard(settings(shard, shards), partial(folder), chosen)
    partial(folder).rename(folder)
    return done


def content() -> dict[str, bytes]:
    """Return the files of all shards, each of which must be in its own."""
    return {path.name: path.read_bytes() for path in files_below(RAW)}


def expected(shards: int = SHARDS) -> dict[str, dict[str, bytes]]:
    files = {name.removeprefix("set/"): data for name, data in FILES.items()}
    return {
        f"{shard:03d}": {name: data for name, data in files.items() if shard_of(name, shards) == shard}
        for shard in range(shards)
    }


def by_shard() -> dict[str, dict[str, bytes]]:
    return {shard.name: {file.name: file.read_bytes() for file in shard.iterdir()} for shard in sorted(RAW.iterdir())}


@pytest.mark.parametrize("form", FORMS)
def test_the_jobs_of_all_shards_read_an_archive_once(reads: list[int], form: str) -> None:
    Path(ARCHIVE).write_bytes(FORMS[form](FILES))
    done = [fetch(shard) for shard in range(SHARDS)]
    assert by_shard() == expected() and sum(each.files for each in done) == len(FILES)
    assert sum(read > 6 for read in reads) == 1, "the first six bytes tell the form"
    assert sum(reads) < 1.5 * Path(ARCHIVE).stat().st_size + 2**16, "nothing in it was read twice"


def test_jobs_at_the_same_time_read_it_once_too(reads: list[int]) -> None:
    with ThreadPoolExecutor(SHARDS) as pool:
        list(pool.map(fetch, range(SHARDS)))
    assert by_shard() == expected() and sum(read > 6 for read in reads) == 1


def test_nothing_is_left_behind_once_every_shard_is_taken() -> None:
    for shard in range(SHARDS):
        fetch(shard)
    assert [path.name for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".lock"] == ["content.json"]


def test_a_shard_that_is_fetched_again_unpacks_no_other_shard(reads: list[int]) -> None:
    for shard in [*range(SHARDS), 2]:
        fetch(shard)
    assert by_shard() == expected() and sum(read > 6 for read in reads) == 2
    assert not any(path.suffix == ".jpg" for path in FOLDER.rglob("*"))


def test_all_shards_are_unpacked_together_again_when_all_are_gone(reads: list[int]) -> None:
    for shard in range(SHARDS):
        fetch(shard)
    remove(RAW)
    for shard in range(SHARDS):
        fetch(shard)
    assert by_shard() == expected() and sum(read > 6 for read in reads) == 2


def test_another_archive_or_number_of_shards_takes_nothing_of_the_last_one() -> None:
    fetch(0)
    fetch(0, shards=2)
    assert by_shard()["000"] == expected(2)["000"]
    Path(ARCHIVE).write_bytes(tarred({"set/new.jpg": b"new"}))
    for shard in range(SHARDS):
        Path("studies/pins.lock").unlink(missing_ok=True)
        fetch(shard)
    assert content() == {"new.jpg": b"new"}


def test_a_rehearsal_unpacks_the_chosen_images_alone() -> None:
    chosen = {"001.jpg", "002.jpg", "003.jpg"}
    assert sum(fetch(shard, chosen=chosen).files for shard in range(SHARDS)) == 3 and content().keys() == chosen


@pytest.mark.parametrize("names", [["a.jpg", "a.jpg"], ["a", "a/b.jpg"], ["a/b.jpg", "a"]])
def test_names_that_collide_are_refused_also_across_shards(names: list[str]) -> None:
    with tarfile.open(ARCHIVE, "w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"set/{name}"))
    for shard in range(SHARDS):
        with pytest.raises(PipelineError, match=r"same name|name of another's folder"):
            fetch(shard, SHARDS)
    assert not any(path.is_dir() for place in FOLDER.iterdir() if place.is_dir() for path in place.iterdir())


def test_an_archive_that_ends_early_leaves_no_file_and_a_mended_one_is_unpacked() -> None:
    whole = Path(ARCHIVE).read_bytes()
    Path(ARCHIVE).write_bytes(whole[: len(whole) // 2])
    for shard in range(SHARDS):
        with pytest.raises(PipelineError, match="broken"):
            fetch(shard)
    assert not content() and not list(FOLDER.rglob("*.jpg"))
    Path(ARCHIVE).write_bytes(whole)
    Path("studies/pins.lock").unlink()
    for shard in range(SHARDS):
        fetch(shard)
    assert by_shard() == expected()


SLOW = """
import sys, time
from pathlib import Path
from pipeline_lib.downloads import archives
plain = archives._write
def slow(member, target, archive):
    plain(member, target, archive)
    time.sleep(0.05)
archives._write = slow
from tests.unit.test_unpacked import fetch
fetch(0)
"""


def test_a_job_killed_while_it_unpacks_leaves_the_work_to_the_next() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    process = subprocess.Popen([sys.executable, "-c", SLOW], env=environment)
    deadline = time.monotonic() + 60
    while len(list(FOLDER.rglob("*.jpg"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 5 <= len(list(FOLDER.rglob("*.jpg"))) < len(FILES) and not content()
    for shard in range(SHARDS):
        fetch(shard)
    assert by_shard() == expected() and not list(FOLDER.rglob("*.jpg"))


def test_a_job_killed_after_it_took_its_shard_takes_it_again(reads: list[int]) -> None:
    fetch_shard(settings(1), partial(RAW / "001"))  # and no more
    for shard in range(SHARDS):
        fetch(shard)
    assert by_shard() == expected() and sum(read > 6 for read in reads) == 2
