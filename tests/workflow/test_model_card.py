"""`vlmflow export --as hub` in a finished study: a folder for the hub with a card, whose numbers are the study's."""

import json
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.digests import digest_file
from tests.project import Project

MODEL = "results/mini/checkpoints/full"


@pytest.fixture(autouse=True)
def project(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the finished study, in this process, which has loaded torch."""
    monkeypatch.chdir(finished.root)


def test_an_export_to_the_hubs_layout_has_a_card_with_the_scores_of_the_study(
    finished: Project, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["export", MODEL, str(tmp_path / "mini-full"), "--as", "hub", "--licence", "mit"])
    assert done.exit_code == 0, done.output
    card = ModelCard.load(tmp_path / "mini-full" / "README.md")
    score = json.loads((finished.root / "results/mini/scores/full/pope.json").read_text())
    assert {each.metric_type: each.metric_value for each in card.data.eval_results} == {
        metric: score["metrics"][metric] for metric in ("f1", "accuracy", "yes")
    }
    assert (card.data.model_name, card.data.license, card.data.library_name) == ("mini-full", "mit", "transformers")
    assert digest_file(finished.root / "results/mini/records/train/full.json") in card.text
    assert str(finished.root) not in card.content


def test_a_model_of_which_no_record_exists_is_exported_without_a_card(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(MODEL, foreign)
    done = CliRunner().invoke(app, ["export", str(foreign), str(tmp_path / "out"), "--as", "hub"])
    assert done.exit_code == 0 and "no README.md: no record of this project" in done.output, done.output
    assert not (tmp_path / "out" / "README.md").exists()
    done = CliRunner().invoke(app, ["export", MODEL, str(tmp_path / "two"), "--as", "clip", "--licence", "mit"])
    assert done.exit_code != 0 and "--as hub" in f"{done.output}{done.exception}" and not (tmp_path / "two").exists()
