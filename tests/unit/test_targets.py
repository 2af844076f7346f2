"""Targets that name what a study does not have, and unknown studies: a sentence, as Snakemake prints it."""

import re
import subprocess

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.targets import expect_known_targets
from tests import quick_start
from tests.project import ROOT, Project

OUTPUTS = [
    re.compile(r"results/(?P<benchmark>\w+)_score\.json$"),
    re.compile(r"answers/(?P<run>\w+)/(?P<benchmark>\w+)$"),
]
ENTRIES = {"benchmark": ["pope", "mme"], "run": ["half", "full"]}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("results/pop_score.json", r"no such benchmark\n.*pop_score.json\n.*'pop'\n.*did you mean 'pope'"),
        ("answers/ful/pope", r"no such run\n.*\n.*'ful'\n.*did you mean 'full'"),
    ],
)
def test_an_unknown_entry_is_named_with_the_nearest_one(target: str, expected: str) -> None:
    with pytest.raises(PipelineError, match=expected):
        expect_known_targets(["results/mme_score.json", target], OUTPUTS, ENTRIES)


@pytest.mark.parametrize("target", ["results/pope_score.json", "answers/full/mme", "somewhere/else.json", "all"])
def test_known_entries_and_files_of_no_rule_are_left_to_snakemake(target: str) -> None:
    expect_known_targets([target], OUTPUTS, ENTRIES)


def test_one_output_of_known_entries_is_enough() -> None:
    both = [*OUTPUTS, re.compile(r"results/pop_(?P<run>\w+)\.json$")]
    expect_known_targets(["results/pop_score.json"], both, {**ENTRIES, "run": ["score"]})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--", "results/pop_score.json"], "did you mean 'pope'?"),
        (["--config", "study=mimi"], "did you mean 'mini'?"),
        (["--config", "stdy=mini"], "--config takes only study=NAME"),
    ],
)
def test_snakemake_prints_the_sentence_alone(arguments: list[str], sentence: str) -> None:
    environment = Project(ROOT).environment(quick_start.programs(()))
    command = ["snakemake", "-n", "--quiet", "all", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and sentence in text
    assert "Traceback" not in text and "KeyError" not in text and "File " not in text
