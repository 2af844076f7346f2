"""Intervals and metrics where there is little or nothing to count: null, never a number or an error."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_lib.benchmarks.families.counting import ratio
from pipeline_lib.cli.score_text import score_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals
from tests.unit.test_quality import pope


def accuracy(counts: Any) -> dict[str, Any]:
    """Return the share of [right, answered]."""
    return {"accuracy": ratio(counts[..., 0], counts[..., 1])}


def test_a_share_of_nothing_is_not_a_number() -> None:
    assert np.isnan(ratio(np.zeros(2), np.zeros(2))).all()


def test_the_interval_of_nothing_is_null() -> None:
    assert intervals(np.zeros((0, 2)), accuracy, 1) == {"accuracy": None}
    assert intervals(np.zeros((3, 2)), accuracy, 1) == {"accuracy": None}
    assert cluster_sums(np.zeros((0, 2)), []).shape == (0, 2)


def test_the_interval_of_one_question_is_its_value() -> None:
    assert intervals(np.array([[1.0, 1.0]]), accuracy, 1) == {"accuracy": [1.0, 1.0]}


def test_draws_without_a_denominator_do_not_count_as_zero() -> None:
    assert intervals(np.array([[1.0, 1.0], [0.0, 0.0]]), accuracy, 1) == {"accuracy": [1.0, 1.0]}


def test_a_precision_without_a_yes_is_null_in_the_file_and_a_dash_in_the_table(tmp_path: Path) -> None:
    scored = pope(tmp_path, lambda question, gold: "No")
    assert (scored["metrics"]["precision"], scored["interval"]["precision"]) == (None, None)
    assert (scored["metrics"]["recall"], scored["metrics"]["f1"]) == (0.0, 0.0)
    assert json.loads(pretty_json(scored))["metrics"]["precision"] is None
    assert "precision                \u2013" in score_text({**scored, "answers_from": "llava", "notes": []})
