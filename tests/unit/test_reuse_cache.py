"""The reuse cache alone: an equal job of another name is linked whole, or not at all."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.digests import DigestCache, digest_file
from pipeline_lib.job import reuse
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.job.reuse import ReuseCache

INPUT = "results/subsets/half.manifest.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def outputs(name: str) -> dict[str, Path]:
    return {"checkpoint": Path(f"results/checkpoints/{name}"), "curve": Path(f"results/checkpoints/{name}.curve.csv")}


def record(name: str, **other: Any) -> dict[str, Any]:
    """Return the record of a training of a name."""
    facts = {
        **{"schema": 1, "stage": "train", "code": "0123456789abcdef", "started": "2026-01-01T00:00:00+00:00"},
        **{"seconds": 1.0, "exit": 0, "error": None, "reused": None, "accepted": [], "notes": {}, "files": {}},
        **{"libraries": {"torch": "2.13.0"}, "modules": {}, "machine": {}, "repository": {}},
        **{"settings": {"seed": 0}, "inputs": {INPUT: "a" * 64}, "roles": {"subset": [INPUT], "tower": []}},
        "artefact": {key: path.as_posix() for key, path in outputs(name).items()},
    }
    return {**facts, **other}


def trained(name: str) -> None:
    """Train a model of two files and keep it."""
    made = outputs(name)
    made["checkpoint"].mkdir(parents=True)
    for file in ("config.json", "model.safetensors"):
        (made["checkpoint"] / file).write_text(f"{file} of these bytes")
    made["curve"].write_text("step,loss\n")
    manifest = Path(f"results/checkpoints/{name}.manifest.json")
    write_manifest(manifest, list(made.values()), DigestCache())
    ReuseCache(made, DigestCache()).keep("key", record(name, outputs={manifest.as_posix(): digest_file(manifest)}))


def linked(name: str, **other: Any) -> dict[str, Any] | None:
    return ReuseCache(outputs(name), DigestCache()).restore_equal(record(name, **other))


def left() -> list[str]:
    return [path.name for path in Path("results/checkpoints").glob(".*")]


def test_an_equal_job_of_another_name_is_linked() -> None:
    trained("half")
    made = linked("again")
    assert made is not None and made["artefact"]["checkpoint"] == "results/checkpoints/half"
    assert len(left()) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"settings": {"seed": 1}},
        {"code": "fedcba9876543210"},
        {"libraries": {"torch": "2.12.0"}},
        {"inputs": {INPUT: "b" * 64}},
        {"inputs": {}},
        {"roles": {"subset": [], "tower": [INPUT]}},
        {"stage": "merge"},
    ],
)
def test_a_job_that_differs_in_anything_but_its_name_is_not(other: dict[str, Any]) -> None:
    trained("half")
    assert linked("again", **other) is None and left() == []


def test_what_was_altered_is_not_linked(caplog: pytest.LogCaptureFixture) -> None:
    trained("half")
    (kept,) = Path(".vlmflow/kept").glob("*/checkpoint/model.safetensors")
    kept.unlink()
    kept.write_text("other bytes, as long as ...")
    with caplog.at_level(logging.WARNING):
        assert linked("again") is None
    assert "was altered" in caplog.text and left() == []


@pytest.mark.parametrize("replaced", ["entry", "file"])
def test_what_another_job_replaces_meanwhile_is_not_linked(
    replaced: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its entry changes, or a file vanishes, between the check and the link."""
    trained("half")
    (entry,) = Path(".vlmflow/kept").glob("*/entry.json")
    link = reuse._link_file

    def late(source: str | Path, target: str | Path) -> None:
        if replaced == "file":
            Path(source).unlink()
        else:
            entry.write_text(json.dumps({**json.loads(entry.read_text()), "key": "another"}))
        link(source, target)

    monkeypatch.setattr(reuse, "_link_file", late)
    with caplog.at_level(logging.WARNING):
        assert linked("again") is None
    assert "are not reused" in caplog.text and left() == []


@pytest.mark.parametrize("error", [PermissionError(1, "not permitted"), OSError(18, "Invalid cross-device link")])
def test_where_nothing_can_be_linked_the_job_does_its_work(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    trained("half")

    def refuse(*paths: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(reuse.os, "link", refuse)
    assert linked("again") is None and left() == []


def test_entries_that_cannot_be_read_hide_no_other_one() -> None:
    trained("half")
    for number, content in enumerate((b"\xff\xfe", b"{", b"[]", b"")):
        folder = Path(f".vlmflow/kept/{number}")
        folder.mkdir()
        (folder / "entry.json").write_bytes(content)
    Path(".vlmflow/kept/folder/entry.json").mkdir(parents=True)
    assert linked("again") is not None


def test_what_was_accepted_for_one_job_is_not_linked_for_another() -> None:
    trained("half")
    (entry,) = Path(".vlmflow/kept").glob("*/entry.json")
    content = json.loads(entry.read_text())
    content["record"]["accepted"] = [{"because": "renamed"}]
    entry.write_text(json.dumps(content))
    assert linked("again") is None
