"""Digests that somebody published: equal artefacts are counted, and the first stage that differs is named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.lineage.dvc.dvc_lock import md5_file
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.published import (
    Published,
    differences_to,
    differences_to_lock,
    publish,
    read_published,
)
from tests.jobs import assessed_job

Jobs = list[AssessedJob]


def job(rule: str, name: str, inputs: list[str], **outputs: str) -> AssessedJob:
    facts = {"settings": {"seed": 0}, "code": "c0de plugin", "libraries": {"torch": "2.13.0"}}
    return assessed_job(rule, record=f"records/{rule}/{name}.json", inputs=inputs, outputs=outputs, **facts)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Write a checkpoint with its manifest and a score made from it; a page and a raw file are nobody's numbers."""
    monkeypatch.chdir(tmp_path)
    files = {"full/model.safetensors": "1", "full/config.json": "{}", "score.json": "2", "p.html": "3"}
    for path, text in files.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text)
    write_manifest(Path("full.manifest.json"), [Path("full")], DigestCache())
    return [
        job("fetch", "raw", [], raw="raw"),
        job("preview", "full", [], page="p.html"),
        job("train", "full", ["data.manifest.json"], checkpoint="full", manifest="full.manifest.json"),
        job("score", "full", ["full.manifest.json"], score="score.json"),
    ]


def test_what_was_published_is_equal_to_itself(jobs: Jobs, tmp_path: Path) -> None:
    published = publish("config", jobs)
    assert [sorted(stage.files) for stage in published.stages.values()] == [
        ["full/config.json", "full/model.safetensors"],
        ["score.json"],
    ]
    Path("digests.json").write_text(published.model_dump_json())
    assert differences_to(read_published(Path("digests.json")), jobs) == (3, [])


def test_the_first_stage_that_differs_is_named_with_what_it_is_made_from(jobs: Jobs) -> None:
    published = publish("config", jobs)
    Path("full/model.safetensors").write_text("other")
    Path("score.json").write_text("another score")
    _, lines = differences_to(published, jobs)
    assert lines[:3] == [
        "the first stage that differs: train full",
        "  full/model.safetensors: other bytes",
        "  made from data.manifest.json",
    ]
    assert "score" not in "\n".join(lines) and "docs/equal_bytes.md" in lines[-1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"settings": {"seed": 1}}, "made by other settings"),
        ({"code": "0ther plugin"}, "made by other code"),
        ({"libraries": {"torch": "2.14.0"}}, "libraries.torch: 2.13.0 → 2.14.0"),
        ({"settings": {"seed": 0, "numerics": "native"}}, "numerics: native"),
    ],
)
def test_a_difference_has_its_reason(jobs: Jobs, change: dict[str, Any], reason: str) -> None:
    published = publish("config", jobs)
    Path("full/model.safetensors").write_text("other")
    jobs[2] = replace(jobs[2], **change)
    assert reason in "\n".join(differences_to(published, jobs)[1])


def test_a_difference_on_a_machine_of_another_kind_names_both(jobs: Jobs) -> None:
    published = publish("config", jobs).model_copy(update={"architecture": "vax"})
    Path("score.json").unlink()
    lines = differences_to(published, jobs)[1]
    assert "  score.json: missing" in lines and "processor: vax → " in "\n".join(lines)


def test_a_stage_that_the_study_does_not_have_is_said(jobs: Jobs) -> None:
    published = publish("config", jobs)
    Path("score.json").unlink()
    assert "  this study has no such stage" in differences_to(published, jobs[:3])[1]


def test_what_is_not_made_cannot_be_published(jobs: Jobs) -> None:
    Path("score.json").unlink()
    with pytest.raises(PipelineError, match=r"missing(.|\n)*score.json"):
        publish("config", jobs)


@pytest.mark.parametrize("status", ["stale", "failed", "missing", "removed", "running"])
def test_what_does_not_hold_is_not_published(jobs: Jobs, status: str) -> None:
    jobs[2] = replace(jobs[2], status=Status(status), causes=["its seed changed"])
    with pytest.raises(PipelineError, match=rf"train full\n  value: '{status}: its seed changed"):
        publish("config", jobs)


def test_nothing_is_not_equal_to_anything(jobs: Jobs) -> None:
    with pytest.raises(PipelineError, match="nothing to compare"):
        differences_to(publish("config", []), jobs)
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {}}))
    with pytest.raises(PipelineError, match="nothing to compare"):
        differences_to_lock(Path("dvc.lock"), jobs)


def test_a_file_that_was_altered_under_its_manifest_differs_from_a_lock(jobs: Jobs) -> None:
    entry = {"path": "full.manifest.json", "md5": md5_file(Path("full.manifest.json"))}
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"all": {"cmd": "x", "outs": [entry]}}}))
    Path("full/model.safetensors").write_text("other")
    lines = differences_to_lock(Path("dvc.lock"), jobs)[1]
    assert lines[1] == "  full/model.safetensors: altered since"


def test_a_lock_of_dvc_is_compared_by_its_own_digests(jobs: Jobs) -> None:
    names = ("full.manifest.json", "score.json")
    entries = [{"path": name, "md5": md5_file(Path(name))} for name in names]
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"all": {"cmd": "x", "outs": entries}}}))
    assert differences_to_lock(Path("dvc.lock"), jobs) == (2, [])
    Path("full.manifest.json").write_text("{}")
    assert differences_to_lock(Path("dvc.lock"), jobs)[1][0] == "the first stage that differs: train full"


@pytest.mark.parametrize("content", ["", "[]", '{"format": 2}', '{"format": 1, "study": "x", "stages": []}'])
def test_another_file_is_no_file_of_digests(tmp_path: Path, content: str) -> None:
    (tmp_path / "digests.json").write_text(content)
    with pytest.raises(PipelineError, match="not a file of digests"):
        read_published(tmp_path / "digests.json")


def test_the_published_digests_of_the_project_can_be_read() -> None:
    from tests.project import ROOT

    published: Published = read_published(ROOT / "docs/digits.digests.json")
    assert published.study == "config" and "train full" in published.stages
