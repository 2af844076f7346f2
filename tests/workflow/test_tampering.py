"""Twenty and more ways to tamper with artefacts and records; `vlmflow lineage check`, `audit` or `verify` names each."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import Project

RESULTS = Path("results/mini")
WEIGHTS = RESULTS / "checkpoints/full/model.safetensors"
SCORE = RESULTS / "scores/full/pope.json"
GATHERED = RESULTS / "pope_score.json"
ANSWERS = RESULTS / "answers/full/pope.jsonl"


def flip(path: Path) -> None:
    """Change the last byte but one of a file; its size stays."""
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def same_size_and_time(root: Path) -> None:
    before = (root / WEIGHTS).stat()
    flip(root / WEIGHTS)
    os.utime(root / WEIGHTS, ns=(before.st_atime_ns, before.st_mtime_ns))


def two_files_swapped(root: Path) -> None:
    one, two = root / RESULTS / "answers/full/pope.jsonl", root / RESULTS / "answers/half/pope.jsonl"
    texts = one.read_bytes(), two.read_bytes()
    one.write_bytes(texts[1])
    two.write_bytes(texts[0])


def another_runs_checkpoint(root: Path) -> None:
    """Put the checkpoint of `half` in the place of `full`, with a manifest that fits."""
    folder = root / RESULTS / "checkpoints"
    shutil.rmtree(folder / "full")
    shutil.copytree(folder / "half", folder / "full")
    shutil.copy(folder / "half.curve.csv", folder / "full.curve.csv")
    fitting = (folder / "half.manifest.json").read_text().replace('"half', '"full')
    (folder / "full.manifest.json").write_text(fitting)


def edited_score(root: Path) -> None:
    score = json.loads((root / SCORE).read_text())
    score["metrics"]["f1"] = 0.99
    (root / SCORE).write_text(json.dumps(score))


def edited_record(root: Path) -> None:
    path = root / RESULTS / "records/train/full.json"
    path.write_text(path.read_text().replace('"learning_rate": 0.001', '"learning_rate": 0.002'))


def manifest_with_its_file(root: Path) -> None:
    """Alter the answers and make the manifest fit."""
    answers = root / ANSWERS
    answers.write_text(answers.read_text().replace('"full"', '"fuII"', 1))
    manifest = answers.with_suffix(".manifest.json")
    content = json.loads(manifest.read_text())
    import hashlib

    content["files"][0]["sha256"] = hashlib.sha256(answers.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))


def manifest_file_and_record(root: Path) -> None:
    """Alter the answers and make manifest and record fit, seal included; the next record still names the old bytes."""
    import hashlib

    from pipeline_lib.job.record import write_record

    manifest_with_its_file(root)
    manifest = (root / ANSWERS).with_suffix(".manifest.json")
    path = root / RESULTS / "records/predict/full-pope.json"
    record = json.loads(path.read_text())
    record.pop("seal")
    record["outputs"] = {name: hashlib.sha256(manifest.read_bytes()).hexdigest() for name in record["outputs"]}
    write_record(path, record)


def no_record(root: Path) -> None:
    (root / RESULTS / "records/score/full-pope.json").unlink()


def slipped_in_file(root: Path) -> None:
    (root / RESULTS / "checkpoints/full/adapter_model.safetensors").write_bytes(b"weights")


def raw_image(root: Path) -> None:
    flip(next((root / "data/raw/mini_scenes").rglob("*.png")))


def archive(root: Path) -> None:
    flip(root / "data/images/mini_scenes/000.tar")


def image_index(root: Path) -> None:
    flip(root / "data/images/mini_scenes/index.parquet")


def verdicts(root: Path) -> None:
    flip(root / RESULTS / "verdicts/full/pope.parquet")


def missing_gold(root: Path) -> None:
    next((root / "data/raw/mini_pope/000/labels").iterdir()).unlink()


def curve(root: Path) -> None:
    path = root / RESULTS / "checkpoints/full.curve.csv"
    path.write_text(path.read_text().replace("1,", "1,0", 1))


def gathered_score(root: Path) -> None:
    """Raise a gathered number by hand."""
    path = root / GATHERED
    content = json.loads(path.read_text())
    content["runs"]["half"]["metrics"]["accuracy"] = 0.99
    path.write_text(json.dumps(content))


def clearance(root: Path) -> None:
    path = root / RESULTS / "questions.verdict.json"
    path.write_text(path.read_text() + " ")


def emptied_file(root: Path) -> None:
    (root / RESULTS / "checkpoints/half/config.json").write_bytes(b"")


def link_to_another_model(root: Path) -> None:
    path = root / RESULTS / "checkpoints/untrained/model.safetensors"
    path.unlink()
    path.symlink_to(root / RESULTS / "checkpoints/half/model.safetensors")


def hidden_file(root: Path) -> None:
    (root / RESULTS / "checkpoints/tower/.modeling.py").write_text("")


def no_manifest(root: Path) -> None:
    (root / "data/tables/mini_text.manifest.json").unlink()


def copy_for_reuse(root: Path) -> None:
    """Put other bytes in the place of a copy; the result, another name of the same file, stays."""
    for entry in (root / ".vlmflow/kept").glob("*/entry.json"):
        if json.loads(entry.read_text())["outputs"].get("merged") is not None:
            path = entry.parent / "merged/config.json"
            path.unlink()
            path.write_text("{}")


def records_swapped(root: Path) -> None:
    one, two = (root / RESULTS / f"records/score/{name}-pope.json" for name in ("full", "half"))
    texts = one.read_bytes(), two.read_bytes()
    one.write_bytes(texts[1])
    two.write_bytes(texts[0])


def second_record(root: Path) -> None:
    folder = root / RESULTS / "records/sample"
    shutil.copy(folder / "half.json", folder / "third.json")


def gathered_score_and_its_record(root: Path) -> None:
    """Raise a number and make its record fit, seal included; no record below names the old bytes."""
    import hashlib

    from pipeline_lib.job.record import write_record

    gathered_score(root)
    path = root / RESULTS / "records/gather/pope.json"
    record = json.loads(path.read_text())
    record.pop("seal")
    record["outputs"] = {GATHERED.as_posix(): hashlib.sha256((root / GATHERED).read_bytes()).hexdigest()}
    write_record(path, record)


# Those of one group touch different artefacts, so that one check must name each of them.
WAYS: dict[str, list[tuple[Callable[[Path], None], str]]] = {
    "bytes": [
        (same_size_and_time, f"{WEIGHTS}: altered since"),
        (slipped_in_file, "adapter_model.safetensors: not in the manifest"),
        (edited_score, f"{SCORE}: altered since"),
        (edited_record, "records/train/full.json: edited since it was written"),
        (raw_image, ".png: altered since"),
        (archive, "000.tar: altered since"),
        (image_index, "index.parquet: altered since"),
        (verdicts, "verdicts/full/pope.parquet: altered since"),
        (missing_gold, "data/raw/mini_pope/000/labels/"),
        (curve, "full.curve.csv: altered since"),
        (gathered_score, f"{GATHERED}: altered since"),
        (clearance, "questions.verdict.json: altered since"),
        (emptied_file, "checkpoints/half/config.json: altered since"),
        (link_to_another_model, "checkpoints/untrained/model.safetensors: altered since"),
        (hidden_file, "checkpoints/tower/.modeling.py: not in the manifest"),
        (no_manifest, "data/tables/mini_text.manifest.json: missing"),
        (copy_for_reuse, "merged/config.json was altered; it will not be reused"),
    ],
    "files swapped": [
        (two_files_swapped, f"{ANSWERS}: altered since"),
        (no_record, f"{SCORE}: no record says how it was made"),
    ],
    "records": [
        (records_swapped, "in another's place"),
        (second_record, "claims results/mini/subsets/half.manifest.json, which"),
    ],
    "a fitting manifest": [
        (another_runs_checkpoint, "checkpoints/full.manifest.json: altered since"),
        (manifest_with_its_file, "answers/full/pope.manifest.json: altered since"),
    ],
    "a fitting record": [
        (
            manifest_file_and_record,
            "scores/full/pope.json: made from another results/mini/answers/full/pope.manifest.json",
        )
    ],
}


@pytest.mark.parametrize("ways", WAYS.values(), ids=WAYS)
def test_tampering_is_found_and_named(mini: Project, ways: list[tuple[Callable[[Path], None], str]]) -> None:
    for tamper, _ in ways:
        tamper(mini.root)
    done = mini.run("vlmflow", "lineage", "check")
    assert done.returncode == 1
    assert [named for _, named in ways if named not in done.text] == []


def test_a_deep_check_trusts_no_times(mini: Project) -> None:
    """A forged entry in the memory of digests hides an edit from a quick check, not from a deep one."""
    from pipeline_lib.core.digests import DigestCache, _stat_key

    flip(mini.root / WEIGHTS)
    manifest = json.loads((mini.root / RESULTS / "checkpoints/full.manifest.json").read_text())
    (old,) = [entry["sha256"] for entry in manifest["files"] if entry["path"] == "full/model.safetensors"]
    cache = DigestCache(mini.root / ".vlmflow/digests")
    with cache._connect() as connection:
        connection.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (_stat_key(mini.root / WEIGHTS), old))
    assert mini.run("vlmflow", "lineage", "check").returncode == 0
    deep = mini.run("vlmflow", "lineage", "check", "--deep")
    assert deep.returncode == 1 and f"{WEIGHTS}: altered since" in deep.text


def test_a_slipped_in_file_is_refused_by_who_loads_the_folder(mini: Project) -> None:
    slipped_in_file(mini.root)
    mini.edit("studies/mini.yaml", "max_new_tokens: 8", "max_new_tokens: 7")
    done = mini.make("results/mini/answers/full/pope.jsonl")
    assert done.returncode != 0
    assert "adapter_model.safetensors" in done.text and "a loader might read it" in done.text


def test_a_forgery_that_fits_everywhere_is_found_by_the_chain_and_by_making_it_again(mini: Project) -> None:
    assert mini.run("vlmflow", "lineage", "sign").returncode == 0
    gathered_score_and_its_record(mini.root)
    assert mini.run("vlmflow", "lineage", "check").returncode == 0, "docs/lineage.md says so"
    audited = mini.run("vlmflow", "lineage", "audit")
    assert audited.returncode == 1 and "results/mini/records/gather/pope.json" in audited.text
    verified = mini.run("vlmflow", "lineage", "verify", "gather")
    assert verified.returncode == 1 and f"{GATHERED}: numbers differ by" in verified.text
