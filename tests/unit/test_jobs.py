"""Planned jobs as rules/plan.py prints them, and records as they are read back: what is broken raises PipelineError."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.record import Record, write_record
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.jobs import AssessedJob, Status
from tests.jobs import assessed_job, made_record


def test_a_job_is_read_as_it_was_printed() -> None:
    job = assessed_job("fetch", status="stale", causes=["seed: 0 → 1"], runs=True, unseen="photos is not here")
    assert AssessedJob.read(json.loads(json.dumps(job.entry())), "the plan") == job
    assert job.status is Status.STALE and not job.status.is_sound


@pytest.mark.parametrize(
    "broken",
    [
        {"outputs": []},
        {"outputs": {"manifest": 1}},
        {"inputs": "a.json"},
        {"reads": [None]},
        {"settings": None},
        {"record": 1},
        {"status": "well"},
        {"causes": [1]},
        {"runs": 1},
        {"gpus": "1"},
    ],
)
def test_a_broken_entry_of_a_plan_is_named(broken: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match="a test's plan"):
        assessed_job(**broken)


@pytest.mark.parametrize("name", [name for name in assessed_job().entry() if name != "unseen"])
def test_an_entry_of_a_plan_that_lacks_a_field_is_named(name: str) -> None:
    entry = {key: value for key, value in assessed_job().entry().items() if key != name}
    with pytest.raises(PipelineError, match=f"the key `{name}` is missing"):
        AssessedJob.read(entry, "the plan")


def test_a_job_knows_its_name_and_its_files() -> None:
    outputs = {"table": "data/t.parquet", "manifest": "data/t.manifest.json"}
    job = assessed_job("tabulate", record="data/records/tabulate/t.json", outputs=outputs, code="c0de a.b c.d")
    assert (job.name, job.code_digest, job.plugins) == ("tabulate t", "c0de", ["a.b", "c.d"])
    assert job.artefact == {"table": Path("data/t.parquet")} and job.manifest == Path("data/t.manifest.json")
    assert assessed_job().manifest is None


def written(folder: Path, **fields: Any) -> Path:
    path = folder / "record.json"
    write_record(path, {**made_record().content, **fields})
    return path


def test_a_record_is_sealed_until_any_field_is_edited_even_one_of_another_version(tmp_path: Path) -> None:
    path = written(tmp_path, schema=1, weather="fine")
    assert MadeRecord.read(path).is_sealed
    path.write_text(path.read_text().replace("fine", "rain"))
    assert not MadeRecord.read(path).is_sealed


def test_a_record_of_an_older_version_without_path_is_trusted(tmp_path: Path) -> None:
    path = written(tmp_path)
    record = MadeRecord.read(path)
    assert record.path is None and record.succeeded
    assert CurrentState().record_fault(str(path), record) is None


def test_a_record_in_the_position_of_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Record("train", {}, "c0de", {}, {}).write(Path("a.json"), 0)
    Path("a.json").rename("b.json")
    record = CurrentState().record("b.json")
    assert CurrentState().record_fault("b.json", record) == "b.json: it is the record a.json"


@pytest.mark.parametrize("path", [5, None, ["a.json"]])
def test_a_record_with_a_path_that_is_no_text_is_in_no_right_position(tmp_path: Path, path: object) -> None:
    file = written(tmp_path, path=path)
    fault = CurrentState().record_fault(str(file), MadeRecord.read(file))
    assert fault == f"{file}: it is the record {path}"


@pytest.mark.parametrize(
    "broken", [{"exit": "0"}, {"inputs": {"a": None}}, {"notes": {"pins": []}}, {"reused": []}, {"seconds": None}]
)
def test_a_broken_record_is_no_record(tmp_path: Path, broken: dict[str, Any]) -> None:
    path = written(tmp_path, **broken)
    with pytest.raises(PipelineError):
        MadeRecord.read(path)
    assert CurrentState().record(str(path)) is None


def test_the_duration_is_that_of_the_job_that_made_the_bytes() -> None:
    assert made_record(seconds=2).making_seconds == 2
    assert made_record(seconds=0.1, reused={"seconds": 60.0}).making_seconds == 60
    with pytest.raises(PipelineError, match="`seconds` is missing"):
        _ = made_record(reused={"started": "2026-01-01"}).making_seconds
