"""What planning sees of a source: another place, other bytes, other pins; a mere touch is nothing."""

import os
from pathlib import Path

import pytest

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.downloads.pins import PINS, Pins
from pipeline_lib.fetching import look as looking
from pipeline_lib.fetching.listing import forget
from pipeline_lib.fetching.look import look, source_changes, unseen_source
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.job.planned_job import PlannedJob
from pipeline_lib.job.removal import RESTORE, note_removal
from pipeline_lib.sources import archive, folder
from pipeline_lib.sources.base import SourceSettings
from tests.jobs import assessed_job, made_record

MANIFEST = Path("data/raw/photos/000.manifest.json")


@pytest.fixture()
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of three files beside an empty project, which is the current folder."""
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / "photos" / name).write_text(name)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "photos"


def fetched(source: SourceSettings) -> tuple[PlannedJob, MadeRecord]:
    """Return the planned job of a source, and the record of its making now."""
    settings = {"source": source.model_dump(mode="json"), "shard": 0, "shards": 1}
    outputs = {"raw": "data/raw/photos/000", "manifest": str(MANIFEST)}
    forget()
    job = assessed_job("fetch", settings=settings, outputs=outputs)
    return job, made_record(stage="fetch", notes={"source": look(source, 0, 1)})


def of_folder(photos: Path) -> tuple[PlannedJob, MadeRecord]:
    raw = MANIFEST.parent / "000"
    raw.mkdir(parents=True)
    for path in photos.iterdir():
        (raw / path.name).symlink_to(path)
    write_manifest(MANIFEST, [raw], DigestCache())
    return fetched(folder.Settings(kind="folder", path=str(photos)))


def changes(job: PlannedJob, record: MadeRecord, everything: bool = False) -> list[str]:
    forget()
    return source_changes(job, record, DigestCache(), everything)


def test_an_unchanged_folder_is_no_cause_and_neither_is_a_touched_one(photos: Path) -> None:
    job, record = of_folder(photos)
    assert changes(job, record) == []
    (photos / "a.jpg").touch()
    assert changes(job, record) == []


def test_a_file_edited_in_place_is_named(photos: Path) -> None:
    job, record = of_folder(photos)
    (photos / "b.jpg").write_text("other")
    assert changes(job, record) == [f"{photos}: other content of b.jpg"]


def test_an_edit_that_keeps_size_and_time_is_seen(photos: Path) -> None:
    job, record = of_folder(photos)
    before = (photos / "b.jpg").stat()
    (photos / "b.jpg").write_text("x.jpg")
    os.utime(photos / "b.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changes(job, record) == [f"{photos}: other content of b.jpg"]


def test_a_file_that_is_gone_is_named(photos: Path) -> None:
    job, record = of_folder(photos)
    (photos / "b.jpg").unlink()
    assert changes(job, record) == [f"{photos}: no longer holds b.jpg"]


def test_a_broken_manifest_stops_no_look(photos: Path) -> None:
    job, record = of_folder(photos)
    MANIFEST.write_text("{")
    (photos / "b.jpg").write_text("other")
    assert changes(job, record) == []


@pytest.mark.parametrize("site", [None, "paths: {}", "paths: ["])
def test_a_place_that_the_site_file_no_longer_names_is_a_cause(photos: Path, site: str | None) -> None:
    Path("site.yaml").write_text(f"paths: {{photos: {photos}}}")
    job, record = fetched(folder.Settings(kind="folder", path="site:photos"))
    Path("site.yaml").write_text(site) if site else Path("site.yaml").unlink()
    (change,) = changes(job, record)
    assert change.startswith("source: ")
    assert unseen_source(job, record, False) is None


def test_broken_pins_are_a_cause(photos: Path) -> None:
    job, record = of_folder(photos)
    record.notes["pins"] = {"a": {"sha256": "1"}}
    PINS.parent.mkdir()
    PINS.write_text("{")
    (change,) = changes(job, record)
    assert change.startswith("source: not valid JSON") and f"where: {PINS}:1" in change


def test_another_place_is_named(photos: Path, tmp_path: Path) -> None:
    job, record = of_folder(photos)
    photos.rename(tmp_path / "moved")
    job.settings["source"]["path"] = str(tmp_path / "moved")
    assert str(photos) not in str(record), "where data lie on a machine enters no record"
    assert changes(job, record) == [f"source: its path changed since it was fetched: {tmp_path / 'moved'}"]


def test_a_folder_that_is_not_on_this_machine_was_not_looked_at(photos: Path, tmp_path: Path) -> None:
    job, record = of_folder(photos)
    photos.rename(tmp_path / "unmounted")
    assert changes(job, record) == []
    assert unseen_source(job, record, False) == f"{photos} is not on this machine"


def test_a_large_folder_is_looked_at_when_asked(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, record = of_folder(photos)
    monkeypatch.setattr(looking, "LOOKED_AT", 2)
    (photos / "b.jpg").write_text("other")
    assert changes(job, record) == [] and "check it with --look" in (unseen_source(job, record, False) or "")
    assert changes(job, record, everything=True) != [] and unseen_source(job, record, True) is None


def test_a_clone_without_the_files_knows_nothing_of_their_source(photos: Path) -> None:
    job, record = of_folder(photos)
    (photos / "b.jpg").write_text("other")
    for path in (MANIFEST.parent / "000").iterdir():
        path.unlink()
    (MANIFEST.parent / "000").rmdir()
    note_removal(MANIFEST.parent / "000", RESTORE)
    assert changes(job, record) == []


def test_a_local_archive_is_held_to_its_pin(photos: Path) -> None:
    path = photos / "a.jpg"
    source = archive.Settings(kind="archive", url=str(path))
    Pins().add(str(path), {"sha256": DigestCache().digests([path])[0], "size": 5})
    job, record = fetched(source)
    path.touch()
    assert changes(job, record) == []
    path.write_text("other")
    assert changes(job, record) == [f"{path}: not the fetched file"]


def test_a_pin_that_changed_or_went_is_named(photos: Path) -> None:
    Pins().add("http://a/b.zip", {"size": 1})
    job, record = fetched(archive.Settings(kind="archive", url="http://a/b.zip"))
    record.notes["pins"] = {"http://a/b.zip": {"size": 1}}
    assert changes(job, record) == []
    Path("studies/pins.lock").unlink()
    assert changes(job, record) == ['studies/pins.lock: http://a/b.zip: {"size":1} → no pin']
