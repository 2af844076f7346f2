"""Stages, identities and verdicts of the ledger, as plain values."""

from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.dvc.commit import refusals
from pipeline_lib.lineage.dvc.dvc_lock import locked_files, locked_identity, locked_inputs
from pipeline_lib.lineage.dvc.reproduction import verdict
from pipeline_lib.lineage.dvc.stages import identity, stages
from pipeline_lib.lineage.jobs import AssessedJob
from tests.jobs import assessed_job, made_record


def job(
    rule: str, wildcards: dict, outputs: dict, settings: dict | None = None, reads: tuple[str, ...] = ()
) -> AssessedJob:
    return assessed_job(
        rule,
        wildcards=wildcards,
        inputs=[path for path in reads if path.endswith(".json")],
        reads=list(reads),
        outputs=outputs,
        record=f"records/{rule}.json",
        settings=settings or {},
        code="0123456789abcdef pipeline_lib.recipes.full",
        libraries={"numpy": "2"},
    )


def fetch(dataset: str, shard: str, **settings: object) -> AssessedJob:
    outputs = {"raw": f"raw/{dataset}/{shard}", "manifest": f"raw/{dataset}/{shard}.manifest.json"}
    return job("fetch", {"dataset": dataset, "shard": shard}, outputs, {"shard": int(shard), **settings})


def test_the_shards_of_a_dataset_are_one_stage() -> None:
    (stage,) = stages([fetch("photos", "000"), fetch("photos", "001")])
    assert stage.name == "fetch-photos"
    assert stage.outputs == ["raw/photos/000.manifest.json", "raw/photos/001.manifest.json"]


def test_raw_files_are_stored_only_where_scoring_reads_them() -> None:
    score = job("score", {"run": "a", "benchmark": "b"}, {"score": "a.json"}, reads=("raw/gold/000",))
    by_name = {stage.name: stage for stage in stages([fetch("gold", "000"), fetch("photos", "000"), score])}
    assert "raw/gold/000" in by_name["fetch-gold"].outputs
    assert "raw/photos/000" not in by_name["fetch-photos"].outputs


def test_two_things_with_one_stage_name_are_refused() -> None:
    one = job("score", {"run": "a-b", "benchmark": "c"}, {"score": "1.json"})
    two = job("score", {"run": "a", "benchmark": "b-c"}, {"score": "2.json"})
    with pytest.raises(PipelineError, match="rename one of them"):
        stages([one, two])


def test_an_identity_names_settings_and_hides_places() -> None:
    def of(path: str, quality: int) -> dict:
        jobs = [fetch("photos", shard, source={"path": path}, quality=quality) for shard in ("000", "001")]
        return identity(stages(jobs)[0])

    one = of("/home/somebody/photos", 90)
    assert one["settings"]["quality"] == 90 and "somebody" not in str(one)
    assert one["code"] == "0123456789abcdef"
    assert one != of("/home/somebody/other", 90) and one != of("/home/somebody/photos", 80)


MACHINE = {"processor": "A", "python": "3.11", "environment": {}, "torch": {"threads": 1}}


def record(**changes: object) -> MadeRecord:
    digests = {"outputs": {"a": "1"}, "inputs": {"i": "1"}, "modules": {"m": "1"}}
    facts = {"settings": {"rate": 1}, "libraries": {"torch": "2"}, "machine": MACHINE}
    return made_record(**{**digests, **facts, **changes})


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (record(), "re-made, same digest"),
        (record(outputs={"a": "2"}), "re-made, other digest: nothing recorded differs"),
        (record(outputs={"a": "2"}, settings={"rate": 2}), "re-made, other digest: rate: 1 → 2"),
        (record(outputs={"a": "2"}, modules={"m": "2"}), "re-made, other digest: code of m changed"),
        (record(outputs={"a": "2"}, libraries={"torch": "3"}), "re-made, other digest: library torch: 2 → 3"),
        (record(outputs={"a": "2"}, machine={**MACHINE, "processor": "B"}), "re-made, other digest: processor: A → B"),
        (record(exit=1), "failed"),
    ],
)  # fmt: skip
def test_a_verdict_names_what_differs(after: MadeRecord, told: str) -> None:
    assert verdict(record(), after) == told
    assert verdict(None, after) in ("made for the first time", "failed")


def test_what_is_not_here_can_be_recorded_only_where_it_was_committed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (stage,) = stages([job("sample", {"subset": "half"}, {"rows": "half.parquet"})])
    (refusal,) = refusals([stage], CurrentState(), committed=())
    assert refusal.causes == ["half.parquet: missing, and never committed"]
    assert refusals([stage], CurrentState(), committed=["sample-half"]) == []


def test_a_lock_whose_lists_are_empty_names_no_file() -> None:
    entry = {"outs": None, "deps": None, "params": None}
    assert locked_files(entry) == locked_inputs(entry) == {}
    assert locked_identity(entry, "fetch", "identity.json") is None
