"""Questions joined with their gold before anything is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks.base import Files, check_questions, load_benchmark
from pipeline_lib.core.errors import PipelineError
from tests.unit.mmbench_table import row, write


def scienceqa(root: Path, ids: list[str], splits: dict[str, Any] | None = None) -> Files:
    turns = [{"value": "What?\nA. x\nB. y"}, {"value": "B"}]
    (root / "q.json").write_text(json.dumps([{"id": name, "conversations": turns} for name in ids]))
    if splits is None:
        return Files(root / "q.json")
    (root / "pid_splits.json").write_text(json.dumps(splits))
    return Files(root / "q.json", root)


def test_questions_are_counted_by_part_and_ids_that_nobody_asks_are_named(tmp_path: Path) -> None:
    checked = check_questions("scienceqa", "llava15", scienceqa(tmp_path, ["1", "2"], {"test": ["1", "2", "3"]}))
    assert (checked.parts, checked.unasked) == ({"text": 2}, ["3"])
    assert checked.gold["2"] == "B"


def test_a_benchmark_that_is_not_scored_here_needs_no_gold(tmp_path: Path) -> None:
    files = write(tmp_path / "t.tsv", [row(1)], without=("answer",))
    assert check_questions("mmbench", "llava15", files, scored=False).gold == {}
    with pytest.raises(PipelineError, match="no answers"):
        check_questions("mmbench", "llava15", files)


def test_a_protocol_that_the_benchmark_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"no such protocol(.|\n)*did you mean 'llava15'"):
        check_questions("scienceqa", "lava15", scienceqa(tmp_path, ["1"]))


def test_ids_that_stand_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"repeats an id(.|\n)*q\.json(.|\n)*1 \(2 times\)"):
        check_questions("scienceqa", "llava15", scienceqa(tmp_path, ["1", "2", "1"]))


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no question that scienceqa asks"):
        check_questions("scienceqa", "llava15", scienceqa(tmp_path, []))
    with pytest.raises(PipelineError, match="by internvl12"):
        check_questions("scienceqa", "internvl12", scienceqa(tmp_path, ["1"]))


@pytest.mark.parametrize("name", ["scienceqa", "mmbench"])
def test_the_old_name_of_a_protocol_is_refused_with_the_new_one(name: str) -> None:
    with pytest.raises(PipelineError, match=r"(?s)no such protocol.*did you mean 'internvl12'\?"):
        load_benchmark(name, "internvl")
