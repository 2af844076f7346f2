"""The pin of a source folder: its names, shard by shard."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.fetching import listing as listing_module
from pipeline_lib.fetching.listing import FEWEST, FOLDER, digest_shard, forget, listing
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
    forget()
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


@pytest.fixture()
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of many files in folders, changed a while ago, beside the current one."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    photos = tmp_path / "photos"
    for number in range(FEWEST):
        (photos / str(number % 3)).mkdir(parents=True, exist_ok=True)
        (photos / str(number % 3) / f"{number}.jpg").touch()
    monkeypatch.setattr("pipeline_lib.fetching.folder_times.SETTLED", 0.0)
    return photos


def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every walk over a source."""
    real, walked = listing_module.scan_now, list[str]()
    monkeypatch.setattr(listing_module, "scan_now", lambda source: walked.append(source.kind) or real(source))
    return walked


def test_names_are_not_read_again_while_no_folder_has_changed(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walked = walks(monkeypatch)
    before = pins(many)
    assert pins(many) == before and walked == ["folder"]
    (many / "1" / "1.jpg").write_text("an edit, which `look` sees")
    assert pins(many) == before and walked == ["folder"]


@pytest.mark.parametrize(
    "change",
    [
        lambda photos: (photos / "1/new.jpg").touch(),
        lambda photos: (photos / "2/2.jpg").unlink(),
        lambda photos: (photos / "0/0.jpg").rename(photos / "0/00.jpg"),
        lambda photos: (photos / "1/deep").mkdir(),
        lambda photos: (photos / "1").rename(photos / "9"),
    ],
)
def test_a_change_of_a_folder_is_seen(many: Path, change: Callable[[Path], None]) -> None:
    before = pins(many)
    change(many)
    after = pins(many)
    (file,) = FOLDER.glob("*.json")
    file.unlink()
    assert after == pins(many) and (after == before) is (many / "1/deep").is_dir()


def test_a_folder_that_has_links_to_files_is_always_read(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (many / "target").touch()
    (many / "0/link.jpg").symlink_to(many / "target")
    walked, before = walks(monkeypatch), pins(many)
    (many / "target").unlink()
    assert pins(many) != before and walked == ["folder"] * 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"times": {}, "count": 3, "digests": ["a"]}', '{"times": 1}'])
def test_a_damaged_file_of_names_is_not_read(many: Path, text: str) -> None:
    before = pins(many)
    (file,) = FOLDER.glob("*.json")
    file.write_text(text)
    assert pins(many) == before


def test_a_folder_that_changed_a_moment_ago_is_read_again(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_lib.fetching.folder_times.SETTLED", 100.0)
    walked, before = walks(monkeypatch), pins(many)
    assert pins(many) == before and walked == ["folder"] * 2


def test_a_circle_of_links_ends(many: Path) -> None:
    (many / "0/again").symlink_to(many)
    assert pins(many) == pins(many)
