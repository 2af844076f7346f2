"""What the stages still to run will cost: figures of records and files, and nothing invented."""

from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.config.load import load_study
from pipeline_lib.config.stages import train
from pipeline_lib.core.text import pretty_json
from pipeline_lib.cost.cost import UNKNOWN, Cost, in_bytes, summed, total
from pipeline_lib.cost.stages import costs
from pipeline_lib.cost.trainings import seconds_a_step
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.training.need import Sizes
from tests.jobs import assessed_job, made_record
from tests.project import ROOT

SIZES = Sizes(parameters=100, trained=10)
STUDY = load_study(ROOT / "config.yaml")


def record(name: str = "full", seconds: float = 30.0, **changes: Any) -> MadeRecord:
    """Return what the record of a training of 10 steps holds of its rate."""
    notes = {"sizes": [SIZES.parameters, SIZES.trained], "timed_steps": 10, "timed_seconds": seconds}
    settings = train(STUDY, name).model_dump(mode="json")
    return made_record(**{"started": "2026-01-01", "notes": notes, "settings": settings, **changes})


def test_the_rate_is_that_of_the_newest_training_of_equal_recipe_and_device() -> None:
    wanted = train(STUDY, "half").model_dump(mode="json")  # another learning rate or subset is of equal speed
    newer = record(seconds=50.0, started="2026-02-01")
    assert seconds_a_step([newer, record()], wanted, SIZES) == 5.0


@pytest.mark.parametrize(
    "other",
    [
        record("lora"),
        record(exit=1),
        record(stage="weights"),
        record(notes={"sizes": [100, 10]}),  # it was interrupted: a part of its steps was taken before
        record(notes={"sizes": [101, 10], "timed_steps": 10, "timed_seconds": 1.0}),
        record(settings={**train(STUDY, "full").model_dump(mode="json"), "device": "cuda"}),
    ],
)
def test_another_training_tells_no_rate(other: MadeRecord) -> None:
    assert seconds_a_step([other], train(STUDY, "half").model_dump(mode="json"), SIZES) is None


def test_what_is_not_known_is_not_summed_in_silence() -> None:
    assert summed([1.0, 2.0]) == 3.0 and summed([1.0, None]) is None and summed([]) == 0
    known = Cost("a", 2, 1.5, 0.0, 10, 5, 7)
    row = total([known, Cost("b", 1, None, None, None, None, None)])
    assert row == [
        "in all",
        "3",
        "1.50, 1 unknown",
        "0.00, 1 unknown",
        "10 B, 1 unknown",
        "5 B at most",
        "7 B, 1 unknown",
    ]
    assert total([Cost("b", 1, None, None, None, None, None)])[2:5] == [UNKNOWN] * 3


def test_bytes_for_people() -> None:
    assert [in_bytes(size) for size in (None, 0, 999, 1500, 2_000_000, 13_500_000_000)] == [
        "unknown", "0 B", "999 B", "2 kB", "2 MB", "13.5 GB",
    ]  # fmt: skip


def test_downloads_are_those_that_are_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(ROOT / "studies/llava15_half.yaml")
    monkeypatch.chdir(tmp_path)

    def fetched(dataset: str) -> Cost:
        outputs = {"raw": f"raw/{dataset}/000", "manifest": f"raw/{dataset}/000.manifest.json"}
        job = assessed_job("fetch", wildcards={"dataset": dataset, "shard": "000"}, outputs=outputs, runs=True)
        (cost,) = costs(study, tmp_path, [job], [])
        return cost

    assert fetched("coco_val2014").downloads is None
    url = "http://images.cocodataset.org/zips/val2014.zip"
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/pins.lock").write_text(pretty_json({url: {"sha256": "0" * 64, "size": 1000}}))
    found = fetched("coco_val2014")
    assert (found.downloads, found.hours, found.disk, found.memory, found.gpu_hours) == (
        1000,
        None,
        None,
        2 * 10**9,
        0.0,
    )
    assert fetched("vicuna_files").downloads is None
