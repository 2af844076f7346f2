"""The pin of a source folder: its names, shard by shard."""

from pathlib import Path

import pytest

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.fetching.listing import _scan, digest_shard, listing
from pipeline_lib.fetching.shard import FetchSettings, fetch_shard
from pipeline_lib.job.manifest import Manifest, names_digest, write_manifest
from pipeline_lib.sources import digits_scenes, folder
from pipeline_lib.sources.base import shard_of


@pytest.fixture()
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "deep/c.jpg"):
        (tmp_path / "photos" / name).write_text(name)
    return tmp_path / "photos"


def pins(photos: Path, manifest: Path = Path("none")) -> list[str | None]:
    _scan.cache_clear()
    return [listing(folder.Settings(kind="folder", path=str(photos)), shard, 2, manifest) for shard in (0, 1)]


def test_another_name_changes_the_pin_of_its_shard_alone(photos: Path) -> None:
    before = pins(photos)
    (photos / "d.jpg").write_text("d")
    after = pins(photos)
    assert [one != two for one, two in zip(before, after, strict=True)] == [shard_of("d.jpg", 2) == n for n in (0, 1)]
    (photos / "d.jpg").unlink()
    (photos / "a.jpg").write_text("other bytes")
    assert pins(photos) == before


def test_what_was_fetched_stands_for_an_absent_source(photos: Path, tmp_path: Path) -> None:
    pin = pins(photos)[1]
    settings = FetchSettings(
        source=folder.Settings(kind="folder", path=str(photos)), seed=0, shard=1, shards=2, listing=pin
    )
    fetch_shard(settings, tmp_path / "001")
    write_manifest(tmp_path / "001.manifest.json", [tmp_path / "001"], DigestCache(tmp_path / "digests"))
    photos.rename(tmp_path / "gone")
    assert pins(photos, tmp_path / "001.manifest.json")[1] == pin
    assert pins(photos) == [None, None]


@pytest.mark.parametrize("count", [3, 1100])
def test_the_list_of_what_could_not_be_fetched_is_no_name_of_the_shard(tmp_path: Path, count: int) -> None:
    (tmp_path / "000").mkdir()
    names = [f"{number}.jpg" for number in range(count)]
    for name in names:
        (tmp_path / "000" / name).touch()
    (tmp_path / "000.failures.jsonl").touch()
    outputs = [tmp_path / "000", tmp_path / "000.failures.jsonl"]
    write_manifest(tmp_path / "000.manifest.json", outputs, DigestCache(tmp_path / "digests"))
    assert names_digest(tmp_path / "000.manifest.json") == digest_shard(names, "000")
    assert Manifest(tmp_path / "000.manifest.json", DigestCache(tmp_path / "digests")).twin(".failures.jsonl").exists()


def test_a_folder_that_changes_while_it_is_fetched_is_refused(photos: Path, tmp_path: Path) -> None:
    source = folder.Settings(kind="folder", path=str(photos))
    with pytest.raises(PipelineError, match="while the study ran"):
        fetch_shard(FetchSettings(source=source, seed=0, shard=0, shards=1, listing="other"), tmp_path / "000")


def test_a_source_that_its_settings_describe_has_no_pin() -> None:
    settings = digits_scenes.Settings(kind="digits_scenes", part="train", scenes=3)
    assert listing(settings, 0, 1, Path("none")) is None


def test_a_source_that_this_machine_does_not_name_has_no_pin_and_cannot_be_fetched(tmp_path: Path) -> None:
    source = folder.Settings(kind="folder", path="site:nowhere/photos")
    assert listing(source, 0, 1, Path("none")) is None
    with pytest.raises(PipelineError, match="no path 'nowhere'"):
        fetch_shard(FetchSettings(source=source, seed=0, shard=0, shards=1), tmp_path / "000")
