"""Equal jobs are not done twice: outputs are kept and linked back, though Snakemake plans the job."""

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.project import Project

RESULTS = "results/mini"


def reused(project: Project) -> set[str]:
    """Return the stages and wildcards of the jobs whose last run was a reuse."""
    return {
        "/".join(Path(path).with_suffix("").parts[-2:])
        for path, record in project.records().items()
        if record["reused"]
    }


def digests(project: Project) -> dict[str, str]:
    """Return the manifests and scores of everything, as text."""
    paths = [*project.root.rglob("*.manifest.json"), *(project.root / RESULTS).rglob("*.json")]
    kept = [path for path in paths if "records" not in path.parts and ".vlmflow" not in path.parts]
    return {path.relative_to(project.root).as_posix(): path.read_text() for path in kept}


def test_a_deleted_archive_is_linked_back_and_retrains_nothing(mini: Project) -> None:
    before = digests(mini)
    (mini.root / "data/images/mini_scenes/000.tar").unlink()
    head, tail = (mini.root / "studies/mini.yaml").read_text().split("  full:\n    start: pretrained")
    edited = head + "  full:\n    start: pretrained" + tail.replace("1.0e-3", "2.0e-3", 1)
    (mini.root / "studies/mini.yaml").write_text(edited)
    done = mini.make()
    assert done.returncode == 0, done.text
    assert {"convert/mini_scenes-000", "train/tower", "train/pretrained", "train/half"} <= reused(mini)
    assert not {"train/full", "predict/full-pope"} & reused(mini)
    after = digests(mini)
    assert all("full" in name or "pope_score" in name for name in before if before[name] != after[name])


@pytest.mark.long
def test_equal_bytes_stop_the_work_in_one_call(mini: Project) -> None:
    mini.edit("src/pipeline_lib/images/convert.py", 'return [f"several frames', 'return ["" + f"several frames')
    done = mini.make()
    assert done.returncode == 0, done.text
    assert not {name for name in reused(mini) if name.startswith("convert/")}
    assert {"index/mini_scenes", "train/tower", "predict/full-pope", "score/full-pope"} <= reused(mini)
    assert "Nothing to be done" in mini.make().text


def test_a_reused_record_says_when_it_was_made(mini: Project) -> None:
    first = mini.records()[f"{RESULTS}/records/train/full.json"]
    (mini.root / f"{RESULTS}/checkpoints/full.manifest.json").unlink()
    assert mini.make(f"{RESULTS}/checkpoints/full.manifest.json").returncode == 0
    again = mini.records()[f"{RESULTS}/records/train/full.json"]
    assert again["reused"]["started"] == first["started"] and 0 < again["reused"]["seconds"] <= first["seconds"]
    assert again["outputs"] == first["outputs"] and again["notes"] == first["notes"]
    shown = mini.run("vlmflow", "lineage", "show", f"{RESULTS}/checkpoints/full.manifest.json").text
    assert f"linked back {again['started']}" in shown and first["started"] in shown


def test_another_study_links_equal_trainings_and_trains_the_one_that_differs(mini: Project) -> None:
    whole = (mini.root / "studies/mini.yaml").read_text()
    head, tail = whole.split("  full:\n    start: pretrained")
    twin = head + "  full:\n    start: pretrained" + tail.replace("1.0e-3", "2.0e-3", 1)
    half = twin[twin.index("  half:\n    start") : twin.index("  full:\n    start")]
    twin = twin.replace(half, half + half.replace("  half:", "  again:", 1))
    (mini.root / "studies/twin.yaml").write_text(twin)
    targets = [f"results/twin/checkpoints/{name}.manifest.json" for name in ("half", "again", "full")]
    done = mini.run("snakemake", "-c2", "--config", "study=twin", "--", *targets)
    assert done.returncode == 0, done.text
    records = {path: record for path, record in mini.records().items() if path.startswith("results/twin/records/train")}
    assert {Path(path).stem for path, record in records.items() if not record["reused"]} == {"full"}
    for name in ("language", "tower", "half"):
        twins = [mini.root / f"results/{study}/checkpoints/{name}.manifest.json" for study in ("mini", "twin")]
        assert twins[0].read_text() == twins[1].read_text()
    shown = mini.run("vlmflow", "lineage", "show", "results/twin/checkpoints/half.manifest.json").text
    assert "linked back" in shown and "altered" not in mini.run("vlmflow", "check", "--study", "twin", "--deep").text


def test_what_was_kept_and_altered_is_not_reused(mini: Project) -> None:
    manifest = mini.root / f"{RESULTS}/subsets/half.manifest.json"
    text = manifest.read_text()
    (kept,) = [
        path
        for path in (mini.root / ".vlmflow/kept").glob("*/subset")
        if path.read_bytes() == (mini.root / f"{RESULTS}/subsets/half.parquet").read_bytes()
    ]
    kept.write_bytes(kept.read_bytes() + b"x")
    manifest.unlink()
    assert mini.make(f"{RESULTS}/subsets/half.manifest.json").returncode == 0
    assert manifest.read_text() == text
    assert mini.records()[f"{RESULTS}/records/sample/half.json"]["reused"] is None


def test_clean_forgets_and_dvc_never_reuses(mini: Project) -> None:
    target = f"{RESULTS}/subsets/half.manifest.json"
    (mini.root / target).unlink()
    done = mini.snakemake("-c1", "--config", "study=mini", "--", target, DVC_STAGE="sample-half")
    assert done.returncode == 0 and mini.records()[f"{RESULTS}/records/sample/half.json"]["reused"] is None
    assert mini.run("vlmflow", "clean").returncode == 0
    assert not (mini.root / ".vlmflow/kept").exists()
    (mini.root / target).unlink()
    assert mini.make(target).returncode == 0
    assert mini.records()[f"{RESULTS}/records/sample/half.json"]["reused"] is None


@pytest.mark.long
def test_an_image_that_no_subset_uses_retrains_nothing(finished: Project, fresh: Project, tmp_path: Path) -> None:
    """The study's scenes become a folder of one's own; later one more image lies in it."""
    photos = tmp_path / "photos"
    for shard in ("000", "001"):
        shutil.copytree(finished.root / "data/raw/mini_scenes" / shard, photos, dirs_exist_ok=True)
    source = "source: {kind: digits_scenes, part: train, scenes: 60}\n    shards"
    fresh.edit("studies/mini.yaml", source, f"source: {{kind: folder, path: {photos}}}\n    shards")
    assert fresh.make().returncode == 0
    before = fresh.records()
    Image.new("RGB", (64, 64), "red").save(photos / "another.png")
    assert fresh.make().returncode == 0
    assert fresh.worked_since(before) == {"fetch": 1, "convert": 1, "index": 1, "tabulate": 2}


@pytest.mark.long
def test_after_a_cleaning_no_checkpoint_is_trained_again(mini: Project) -> None:
    before, records = digests(mini), mini.records()
    assert mini.run(sys.executable, "tools/clean.py").returncode == 0
    assert not (mini.root / "results/mini/pope_score.json").exists()
    done = mini.make()
    assert done.returncode == 0, done.text
    worked = mini.worked_since(records)
    assert not {"weights", "train", "merge"} & worked.keys() and worked["predict"] == 3
    assert digests(mini) == before
