"""What an edit makes run again: the set of rules that a dry run lists, edit by edit."""

import os
import random
from collections import Counter

import pytest

from tests.project import Project

pytestmark = pytest.mark.xdist_group("workflow")

LIBRARY = "src/pipeline_lib"
STUDY = "studies/mini.yaml"
ASKED = {"predict": 3, "score": 3, "gather": 1}
SCORED = {"score": 3, "gather": 1}

# (what, file, old text, new text, the jobs that must run)
EDITS: list[tuple[str, str, str, str, dict[str, int]]] = [
    (
        "a constant of the POPE parser",
        f"{LIBRARY}/scoring/yes_no.py",
        '{"No", "not", "no"}',
        '{"No", "not", "no", "nope"}',
        SCORED,
    ),
    (
        "the scorer in a benchmark's file",
        f"{LIBRARY}/benchmarks/pope.py",
        "CATEGORY_STRIDE = 10_000_000",
        "CATEGORY_STRIDE = 5_000_000",
        SCORED,
    ),
    ("the intervals", f"{LIBRARY}/scoring/bootstrap.py", "RESAMPLES = 1000", "RESAMPLES = 2000", SCORED),
    (
        "the questions in a benchmark's file",
        f"{LIBRARY}/benchmarks/pope.py",
        'str(row["question_id"]), row["text"]',
        'str(row["question_id"]), row["text"] + " "',
        ASKED,
    ),
    (
        "how a batch is decoded",
        f"{LIBRARY}/inference/predict.py",
        "skip_special_tokens=True",
        "skip_special_tokens=False",
        ASKED,
    ),
    ("the score file's shape", f"{LIBRARY}/scoring/gather.py", "SCHEMA = 1", "SCHEMA = 2", {"gather": 1}),
    (
        "the template",
        f"{LIBRARY}/prompts/vicuna_v1.py",
        "USER: {image_first",
        "USR: {image_first",
        {"weights": 1, "train": 4, **ASKED},
    ),
    (
        "a recipe",
        f"{LIBRARY}/recipes/full.py",
        '"vision_tower" not in name',
        '"vision" not in name',
        {"train": 2, "predict": 2, "score": 2, "gather": 1},
    ),
    (
        "the sampling strategy",
        f"{LIBRARY}/sampling/digest_rank.py",
        'f"{seed}:{row}"',
        'f"{seed}-{row}"',
        {"sample": 3, "train": 5, **ASKED},
    ),
    (
        "the JPEG encoder's use",
        f"{LIBRARY}/images/convert.py",
        "subsampling=0",
        "subsampling=1",
        {"convert": 3, "index": 2, "tabulate": 2, "sample": 3, "weights": 2, "train": 5, **ASKED},
    ),
    ("a helper that no stage reaches", f"{LIBRARY}/lineage/tree.py", "FIRST_FILES = 3", "FIRST_FILES = 4", {}),
    ("an error message", f"{LIBRARY}/core/errors.py", '"  where: ', '"  at: ', {}),
    ("the logging", f"{LIBRARY}/core/log.py", "%(levelname)s", "%(levelname)8s", {}),
    ("the writing of files", f"{LIBRARY}/core/files.py", '.partial")', '.part")', {}),
    (
        "two swapped values",
        STUDY,
        "projector, steps: 5, batch_size: 8,",
        "projector, steps: 8, batch_size: 5,",
        {"train": 3, "predict": 2, "score": 2, "gather": 1},
    ),
    (
        "a fraction",
        STUDY,
        "fraction: 0.5",
        "fraction: 0.4",
        {"sample": 1, "train": 1, "predict": 1, "score": 1, "gather": 1},
    ),
    ("the decoding", STUDY, "max_new_tokens: 8", "max_new_tokens: 9", ASKED),
    ("the tower's steps", STUDY, "contrastive, steps: 5", "contrastive, steps: 6", {"train": 5, **ASKED}),
    (
        "the quality of JPEGs",
        STUDY,
        "{to: jpeg}",
        "{to: jpeg, quality: 90}",
        {"convert": 2, "index": 1, "tabulate": 2, "sample": 3, "weights": 2, "train": 5, **ASKED},
    ),
    ("the title", STUDY, "title: The", "title: Das", {}),
    ("the order of keys", STUDY, "{name: contrastive, steps: 5,", "{steps: 5, name: contrastive,", {}),
    ("the lock file", "requirements.lock", "pillow==", "# pillow\npillow==", {}),
    ("a rule's memory", "rules/train.smk", "mem_mb=4000", "mem_mb=8000", {}),
    ("another study", "config.yaml", "seed: 0", "seed: 1", {}),
]


@pytest.mark.parametrize(("what", "file", "old", "new", "expected"), EDITS, ids=[edit[0] for edit in EDITS])
def test_an_edit_runs_what_it_touches(
    finished: Project, what: str, file: str, old: str, new: str, expected: dict[str, int]
) -> None:
    path = finished.root / file
    text = path.read_text()
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new))
    try:
        assert finished.planned() == expected
    finally:
        path.write_text(text)


def test_touching_everything_runs_nothing(mini: Project) -> None:
    paths = [path for path in mini.root.rglob("*") if path.is_file() and ".snakemake" not in path.parts]
    random.Random(0).shuffle(paths)
    for path in paths:
        os.utime(path)
    assert mini.planned() == Counter()


def test_a_comment_or_docstring_in_any_module_runs_nothing(mini: Project) -> None:
    for path in [*(mini.root / LIBRARY).rglob("*.py"), *(mini.root / "workflow_scripts").glob("*.py")]:
        text = path.read_text()
        assert text.startswith('"""')
        path.write_text('"""Something else.' + text[3:] + "\n# a comment\n")
    assert mini.planned() == Counter()


def test_another_folder_runs_nothing(mini: Project) -> None:
    assert mini.planned() == Counter()


def test_a_learning_rate_trains_that_run_again(mini: Project) -> None:
    head, tail = (mini.root / STUDY).read_text().split("  full:\n    start: projector")
    (mini.root / STUDY).write_text(head + "  full:\n    start: projector" + tail.replace("1.0e-3", "2.0e-3", 1))
    assert mini.planned() == {"train": 1, "predict": 1, "score": 1, "gather": 1}
