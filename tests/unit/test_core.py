"""Manifests, digests, seeds, plug-ins, errors."""

import os
from pathlib import Path

import pytest

from pipeline_lib.core import plugins
from pipeline_lib.core.digests import DigestCache, digest_file
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.files import partial, publish, write_text
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.text import canonical_json, read_json, read_lines
from pipeline_lib.job.manifest import INLINE, Manifest, raw_path, write_manifest


@pytest.fixture()
def cache(tmp_path: Path) -> DigestCache:
    return DigestCache(tmp_path / "digests")


def make_folder(root: Path, files: int) -> Path:
    folder = root / "artefact"
    (folder / "inner").mkdir(parents=True)
    for number in range(files):
        (folder / "inner" / f"{number:05d}.txt").write_text(str(number))
    return folder


@pytest.mark.parametrize("files", [3, INLINE + 1])
def test_a_manifest_hands_out_verified_paths(tmp_path: Path, cache: DigestCache, files: int) -> None:
    folder = make_folder(tmp_path, files)
    path = tmp_path / "artefact.manifest.json"
    write_manifest(path, [folder], cache)
    manifest = Manifest(path, cache)
    assert manifest.folder() == folder
    assert len(manifest.files()) == files
    assert manifest.file("artefact/inner/00001.txt").read_text() == "1"
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("files", [3, INLINE + 1])
def test_equal_folders_have_equal_manifests(tmp_path: Path, cache: DigestCache, files: int) -> None:
    texts = []
    for name in ("one", "two"):
        folder = make_folder(tmp_path / name, files)
        write_manifest(tmp_path / name / "artefact.manifest.json", [folder], cache)
        texts.append((tmp_path / name / "artefact.manifest.json").read_text())
    assert texts[0] == texts[1]


def test_an_altered_file_is_refused_even_with_its_size_and_time_put_back(tmp_path: Path, cache: DigestCache) -> None:
    folder = make_folder(tmp_path, 3)
    path = tmp_path / "artefact.manifest.json"
    write_manifest(path, [folder], cache)
    victim = folder / "inner" / "00001.txt"
    before = victim.stat()
    victim.write_text("9")
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(PipelineError, match="changed after it was made"):
        Manifest(path, cache).files()


def test_a_missing_file_is_named_with_its_cure(tmp_path: Path, cache: DigestCache) -> None:
    folder = make_folder(tmp_path, 3)
    path = tmp_path / "artefact.manifest.json"
    write_manifest(path, [folder], cache)
    (folder / "inner" / "00002.txt").unlink()
    with pytest.raises(PipelineError, match=r"00002\.txt(.|\n)*cure"):
        Manifest(path, cache).folder()


def test_an_altered_listing_is_refused(tmp_path: Path, cache: DigestCache) -> None:
    folder = make_folder(tmp_path, INLINE + 1)
    path = tmp_path / "artefact.manifest.json"
    write_manifest(path, [folder], cache)
    listing = folder / ".files.jsonl"
    listing.write_text(listing.read_text().replace("00001.txt", "00002.txt", 1))
    with pytest.raises(PipelineError, match="file list of this manifest"):
        Manifest(path, cache)


def test_a_raw_file_is_found_in_its_shard(tmp_path: Path, cache: DigestCache) -> None:
    for shard, name in (("000", "a.json"), ("001", "b.json")):
        (tmp_path / shard).mkdir()
        (tmp_path / shard / name).write_text(name)
        write_manifest(tmp_path / f"{shard}.manifest.json", [tmp_path / shard], cache)
    shards = [Manifest(tmp_path / f"{shard}.manifest.json", cache) for shard in ("000", "001")]
    assert raw_path(shards, "b.json").read_text() == "b.json"
    with pytest.raises(PipelineError, match=r"expected one shard that contains 'c\.json', found 0"):
        raw_path(shards, "c.json")


def test_the_cache_reads_a_file_once(tmp_path: Path, cache: DigestCache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    assert cache.digests([path]) == [digest_file(path)]
    monkeypatch.setattr("pipeline_lib.core.digests.digest_file", lambda path: pytest.fail("read again"))
    assert len(DigestCache(tmp_path / "digests").digests([path, path])) == 2


def test_a_file_is_complete_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    partial(path).write_text("half")
    assert not path.exists()
    publish(path)
    assert path.read_text() == "half" and not partial(path).exists()
    write_text(path, "whole")
    assert path.read_text() == "whole"


def test_a_second_link_to_what_has_the_name_leaves_no_partial(tmp_path: Path) -> None:
    """A job that linked kept outputs back was killed after it had published some of them, and does so again."""
    path = tmp_path / "receipt.json"
    path.write_text("kept")
    os.link(path, partial(path))
    publish(path)
    assert path.read_text() == "kept" and not partial(path).exists()


def test_seeds_depend_on_all_parts_and_stay_the_same() -> None:
    assert derive_seed(0, "train", "a") == derive_seed(0, "train", "a") == 499637219002401968
    assert len({derive_seed(seed, stage, item) for seed in (0, 1) for stage in ("a", "b") for item in ("", "c")}) == 8


def test_a_near_miss_gets_a_suggestion() -> None:
    assert suggest("pop", ["pope", "mme"]) == "did you mean 'pope'?"
    with pytest.raises(PipelineError, match="did you mean 'pope'"):
        plugins.load("benchmarks", "pop")


def test_canonical_json_is_one_form() -> None:
    assert canonical_json({"b": 1, "a": [1.0, "é"]}) == '{"a":[1.0,"é"],"b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_broken_files_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,\n"b": }')
    with pytest.raises(PipelineError, match=r"a\.json:2"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(PipelineError, match=r"a\.jsonl:2"):
        list(read_lines(tmp_path / "a.jsonl"))
