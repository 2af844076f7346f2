"""How far two values or files are apart, which records a user names, and what needs no execution to be refused."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify.distance import distance, file_distance
from pipeline_lib.lineage.verify.outside import reaches_outside
from pipeline_lib.lineage.verify.selection import selected
from pipeline_lib.lineage.verify.verification import Grade, Hazard, Verification, path_beside, recall, store
from tests.jobs import made_record
from tests.small_study import SmallStudy

HALF = Path("results/records/train/half.json")
VERDICT = Verification(
    "train half", HALF.as_posix(), Grade.EQUAL, "", 1e-9, 1e-5, [], [Hazard("threads", "1 → 2")], "commit a", 1.0,
    "2026-01-01T00:00:00+00:00", "key",
)  # fmt: skip


@pytest.fixture()
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """Return a finished study in the working directory; its records are of a version without command lines."""
    monkeypatch.chdir(tmp_path)
    return SmallStudy(tmp_path).make()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_difference_is_a_share_of_the_largest_number_of_its_field(scale: float) -> None:
    rows = [{"loss": 4.0 * scale, "n": 3}, {"loss": 1.0 * scale, "n": 3}]
    others = [rows[0], {**rows[1], "loss": 1.5 * scale}]
    assert distance(rows, others) == pytest.approx(0.125)
    assert distance(rows, rows) == 0


def test_anything_but_a_float_must_be_equal() -> None:
    assert distance({"n": 1}, {"n": 2}) is None
    assert distance({"a": 1.0}, {"b": 1.0}) is None and distance([1.0], [1.0, 1.0]) is None
    assert distance({"ok": True}, {"ok": 1}) is None and distance({"text": "1.0"}, {"text": "1.1"}) is None
    assert distance([math.nan], [math.nan]) == 0 and distance([0.0], [1.0]) == math.inf == distance([1.0], [math.nan])


def test_tensors_are_compared_one_by_one_and_by_kind(tmp_path: Path) -> None:
    def saved(name: str, **tensors: torch.Tensor) -> Path:
        save_file(tensors, tmp_path / f"{name}.safetensors")
        return tmp_path / f"{name}.safetensors"

    one = saved("one", small=torch.tensor([1e-4, -2e-4]), large=torch.tensor([8.0]))
    assert file_distance(one, saved("near", small=torch.tensor([1e-4, -1e-4]), large=torch.tensor([8.0]))) == (
        pytest.approx(0.5)
    )
    assert file_distance(one, saved("names", small=torch.tensor([1e-4, -2e-4]))) is None
    half = saved("half", small=torch.tensor([1e-4, -2e-4]), large=torch.tensor([8.0], dtype=torch.float16))
    assert file_distance(one, half) is None


def test_cells_of_a_curve_are_compared_by_column(tmp_path: Path) -> None:
    one, other, text = (tmp_path / f"{name}.csv" for name in ("one", "other", "text"))
    one.write_text("step,loss\n1,2.0\n2,1.0\n")
    other.write_text("step,loss\n1,2.0\n2,1.1\n")
    text.write_text("step,loss\n1,2.0\n3,1.0\n")
    assert file_distance(one, other) == pytest.approx(0.05)
    assert file_distance(one, text) is None
    assert file_distance(tmp_path / "a.png", tmp_path / "b.png") is None


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("train", ["train/full", "train/half"]),
        ("train/half", ["train/half"]),
        ("train half", ["train/half"]),
        ("results/checkpoints/half", ["train/half"]),
        (HALF.as_posix(), ["train/half"]),
        ("results/subsets/half.parquet", ["sample/half"]),
    ],
)
def test_a_stage_a_job_an_artefact_and_a_record_name_jobs(study: SmallStudy, name: str, jobs: list[str]) -> None:
    records = Records(Path())
    named = [path.with_suffix("").as_posix().partition("/records/")[2] for path, _ in selected(records, [name], False)]
    assert named == jobs
    assert len(selected(records, [name, name], False)) == len(jobs), "each once"
    assert len(selected(records, [], True)) == len(records.all())


def test_a_record_without_a_command_line_is_refused_with_the_reason_and_nothing_is_stored(study: SmallStudy) -> None:
    done = CliRunner().invoke(app, ["lineage", "verify", "train/half", "--json"])
    (verdict,) = json.loads(done.output)
    assert done.exit_code == 1 and verdict["grade"] == "not re-executed"
    assert not path_beside(HALF).exists()


def test_a_verdict_is_read_back_under_its_key_alone_and_has_no_path_of_this_machine(study: SmallStudy) -> None:
    store(HALF, replace(VERDICT, text="in /home/alice/photos"))
    store(HALF, VERDICT)
    assert recall(HALF, "key") == replace(VERDICT, earlier=True)
    assert recall(HALF, "another") is None
    assert "alice" not in path_beside(HALF).read_text()
    path_beside(HALF).write_text("not JSON\n")
    assert recall(HALF, "key") is None


def test_downloads_and_servers_are_outside() -> None:
    assert reaches_outside(made_record(stage="fetch", settings={"source": {"kind": "hub", "repo": "a/b"}}))
    assert reaches_outside(made_record(stage="predict", settings={"engine": {"url": "http://127.0.0.1:1/v1"}}))
    assert not reaches_outside(made_record(stage="fetch", settings={"source": {"kind": "folder", "path": "photos"}}))
    assert not reaches_outside(made_record(stage="train", settings={"note": "https://example.org"}))
