"""What an edit makes run again: the set of rules that a dry run lists."""

import os
import random
from collections import Counter

import pytest

from tests.project import Project

pytestmark = pytest.mark.xdist_group("workflow")

LIBRARY = "src/pipeline_lib"


def test_touching_everything_runs_nothing(mini: Project) -> None:
    paths = [path for path in mini.root.rglob("*") if path.is_file() and ".snakemake" not in path.parts]
    random.Random(0).shuffle(paths)
    for path in paths:
        os.utime(path)
    assert mini.planned() == Counter()


def test_a_comment_or_docstring_in_any_module_runs_nothing(mini: Project) -> None:
    modules = [*(mini.root / LIBRARY).rglob("*.py"), *(mini.root / "workflow_scripts").glob("*.py")]
    for path in modules:
        text = path.read_text()
        assert text.startswith('"""')
        path.write_text('"""Something else.' + text[3:] + "\n# a comment\n")
    assert mini.planned() == Counter()


def test_a_constant_of_the_pope_parser_scores_again(mini: Project) -> None:
    mini.edit(f"{LIBRARY}/scoring/yes_no.py", '{"No", "not", "no"}', '{"No", "not", "no", "nope"}')
    assert mini.planned() == {"score": 3, "gather": 1}


def test_the_scorer_in_a_benchmarks_file_scores_again(mini: Project) -> None:
    mini.edit(f"{LIBRARY}/benchmarks/pope.py", "CATEGORY_STRIDE = 10_000_000", "CATEGORY_STRIDE = 5_000_000")
    assert mini.planned() == {"score": 3, "gather": 1}


def test_the_questions_in_a_benchmarks_file_ask_again(mini: Project) -> None:
    mini.edit(
        f"{LIBRARY}/benchmarks/pope.py",
        'Question(str(row["question_id"]), row["text"]',
        'Question(str(row["question_id"]), row["text"] + " "',
    )
    assert mini.planned() == {"predict": 3, "score": 3, "gather": 1}


def test_two_swapped_values_train_again(mini: Project) -> None:
    old = "recipe: {name: projector, steps: 5, batch_size: 8,"
    mini.edit("studies/mini.yaml", old, "recipe: {name: projector, steps: 8, batch_size: 5,")
    assert mini.planned() == {"train": 3, "predict": 2, "score": 2, "gather": 1}


def test_a_learning_rate_trains_that_run_again(mini: Project) -> None:
    text = (mini.root / "studies/mini.yaml").read_text()
    head, tail = text.split("  full:\n    start: projector")
    (mini.root / "studies/mini.yaml").write_text(
        head + "  full:\n    start: projector" + tail.replace("1.0e-3", "2.0e-3", 1)
    )
    assert mini.planned() == {"train": 1, "predict": 1, "score": 1, "gather": 1}


def test_a_fraction_draws_its_subset_again(mini: Project) -> None:
    mini.edit("studies/mini.yaml", "fraction: 0.5", "fraction: 0.4")
    assert mini.planned() == {"sample": 1, "train": 1, "predict": 1, "score": 1, "gather": 1}


def test_reordered_keys_run_nothing(mini: Project) -> None:
    mini.edit("studies/mini.yaml", "{name: contrastive, steps: 5,", "{steps: 5, name: contrastive,")
    mini.edit("studies/mini.yaml", "seed: 0\nthreads: 1\n", "threads: 1\nseed: 0\n")
    assert mini.planned() == Counter()


def test_an_error_message_or_a_log_line_runs_nothing(mini: Project) -> None:
    mini.edit(f"{LIBRARY}/core/errors.py", '"  where: ', '"  at: ')
    mini.edit(f"{LIBRARY}/core/log.py", "%(levelname)s", "%(levelname)8s")
    assert mini.planned() == Counter()
