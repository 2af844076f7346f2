"""Edits, with the jobs that each makes run and those among them that truly work rather than link kept outputs back."""

from typing import NamedTuple

LIBRARY = "src/pipeline_lib"
STUDY = "studies/mini.yaml"


class Edit(NamedTuple):
    """One edit of a finished study's project: a text replaced in a file, and what follows by rule."""

    what: str
    file: str
    old: str
    new: str
    runs: dict[str, int]
    works: dict[str, int]
    dvc: dict[str, int] | None = None  # what `dvc repro` makes, where that is not what works


ASKED = {"predict": 3, "score": 3, "gather": 1}
SCORED = {"score": 3, "gather": 1}
SHOWN = {"inspect_rows": 3, "preview": 3}

EDITS = [
    Edit(
        "a constant of the POPE parser",
        f"{LIBRARY}/benchmarks/families/yes_no.py",
        '{"No", "not", "no"}',
        '{"No", "not", "no", "nope"}',
        SCORED,
        {"score": 3},
    ),
    Edit(
        "the scorer in a benchmark's file",
        f"{LIBRARY}/benchmarks/pope.py",
        "CATEGORY_STRIDE = 10_000_000",
        "CATEGORY_STRIDE = 5_000_000",
        SCORED,
        {"score": 3},
    ),
    Edit(
        "the intervals", f"{LIBRARY}/scoring/bootstrap.py", "RESAMPLES = 1000", "RESAMPLES = 2000", SCORED, {"score": 3}
    ),
    Edit(
        "the questions in a benchmark's file",
        f"{LIBRARY}/benchmarks/pope.py",
        'str(row["question_id"]), row["text"]',
        'str(row["question_id"]), str(row["text"])',
        ASKED,
        {"predict": 3, "score": 3},
    ),
    Edit(
        "how a batch is decoded",
        f"{LIBRARY}/inference/predict.py",
        "skip_special_tokens=True",
        "skip_special_tokens=False",
        ASKED,
        ASKED,
    ),
    Edit(
        "the score file's shape",
        f"{LIBRARY}/scoring/gather.py",
        "SCHEMA = 1",
        "SCHEMA = 2",
        {"gather": 1},
        {"gather": 1},
    ),
    Edit(
        "the template",
        f"{LIBRARY}/prompts/vicuna_v1.py",
        '"USER", "ASSISTANT"',
        '"USR", "ASSISTANT"',
        {"weights": 1, **SHOWN, "train": 4, "merge": 1, **ASKED},
        {"weights": 1, **SHOWN, "train": 4, "merge": 1, **ASKED},
    ),
    Edit(
        "a recipe",
        f"{LIBRARY}/recipes/full.py",
        '"vision_tower" not in name',
        '"vision" not in name',
        {"train": 2, "predict": 2, "score": 2, "gather": 1},
        {"train": 2},
    ),
    Edit(
        "the sampling strategy",
        f"{LIBRARY}/sampling/digest_rank.py",
        'f"{seed}:{row}"',
        'f"{seed}-{row}"',
        {"sample": 3, **SHOWN, "train": 5, "merge": 1, **ASKED},
        {"sample": 3, "inspect_rows": 1, "preview": 1, "train": 1, "predict": 1, "score": 1, "gather": 1},
    ),
    Edit(
        "the JPEG encoder's use",
        f"{LIBRARY}/images/convert.py",
        "subsampling=0",
        "subsampling=1",
        {"convert": 3, "index": 2, "tabulate": 2, "sample": 3, "weights": 2, **SHOWN, "train": 5, "merge": 1, **ASKED},
        {
            "convert": 3,
            "index": 1,
            "tabulate": 2,
            "sample": 3,
            "weights": 2,
            "inspect_rows": 3,
            "train": 4,
        },
    ),
    Edit("a helper that no stage reaches", f"{LIBRARY}/lineage/tree.py", "FIRST_FILES = 3", "FIRST_FILES = 4", {}, {}),
    Edit("an error message", f"{LIBRARY}/core/errors.py", '"  where: ', '"  at: ', {}, {}),
    Edit("the logging", f"{LIBRARY}/core/log.py", "%(levelname)s", "%(levelname)8s", {}, {}),
    Edit("the writing of files", f"{LIBRARY}/core/files.py", '.partial")', '.part")', {}, {}),
    Edit(
        "two swapped values",
        STUDY,
        "projector, steps: 5, batch_size: 8,",
        "projector, steps: 8, batch_size: 5,",
        {"train": 3, "merge": 1, "predict": 2, "score": 2, "gather": 1},
        {"train": 3, "merge": 1, "predict": 2, "score": 2, "gather": 1},
    ),
    Edit(
        "a fraction",
        STUDY,
        "fraction: 0.5",
        "fraction: 0.4",
        {"sample": 1, "inspect_rows": 1, "preview": 1, "train": 1, "predict": 1, "score": 1, "gather": 1},
        {"sample": 1, "inspect_rows": 1, "preview": 1, "train": 1, "predict": 1, "score": 1, "gather": 1},
    ),
    Edit("the decoding", STUDY, "max_new_tokens: 8", "max_new_tokens: 9", ASKED, {"predict": 3}),
    Edit(
        "the tower's steps",
        STUDY,
        "contrastive, steps: 5",
        "contrastive, steps: 6",
        {"train": 5, "merge": 1, **ASKED},
        {"train": 5, "merge": 1, **ASKED},
    ),
    Edit(
        "the quality of JPEGs",
        STUDY,
        "{to: jpeg}",
        "{to: jpeg, quality: 90}",
        {"convert": 2, "index": 1, "tabulate": 2, "sample": 3, "weights": 2, **SHOWN, "train": 5, "merge": 1, **ASKED},
        {
            "convert": 2,
            "index": 1,
            "tabulate": 2,
            "sample": 3,
            "weights": 2,
            "inspect_rows": 3,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
    ),
    Edit("the title", STUDY, "title: The", "title: Das", {}, {}),
    Edit("the order of keys", STUDY, "{name: contrastive, steps: 5,", "{steps: 5, name: contrastive,", {}, {}),
    Edit("the lock file", "requirements.lock", "pillow==", "# pillow\npillow==", {}, {}),
    Edit("a rule's memory", "rules/train.smk", '"mem_mb", MODEL_MB', '"mem_mb", 2 * MODEL_MB', {}, {}),
    Edit("another study", "config.yaml", "seed: 0", "seed: 1", {}, {}),
    Edit(
        "how many scenes there are",
        STUDY,
        "part: train, scenes: 60}\n    shards",
        "part: train, scenes: 61}\n    shards",
        {
            "fetch": 2,
            "convert": 2,
            "index": 1,
            "tabulate": 2,
            "sample": 3,
            "weights": 2,
            **SHOWN,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
        {"fetch": 2, "convert": 1, "index": 1, "tabulate": 2},
    ),
    Edit(
        "the study's seed",
        STUDY,
        "\nseed: 0",
        "\nseed: 1",
        {
            "fetch": 5,
            "convert": 3,
            "index": 2,
            "tabulate": 3,
            "sample": 3,
            "weights": 2,
            **SHOWN,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
        {
            "fetch": 5,
            "convert": 3,
            "index": 2,
            "tabulate": 3,
            "sample": 3,
            "weights": 2,
            **SHOWN,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
    ),
    Edit("how often a training is saved", STUDY, "save_every: 0", "save_every: 60", {}, {}),
    Edit(
        "how many questions are asked at once",
        STUDY,
        "images: [mini_test_scenes]\n    decoding: {batch_size: 16,",
        "images: [mini_test_scenes]\n    decoding: {batch_size: 8,",
        ASKED,
        {"predict": 3},
    ),
    Edit(
        "how scenes are drawn",
        f"{LIBRARY}/digits/render.py",
        "NOISE = 6.0",
        "NOISE = 6.5",
        {
            "fetch": 3,
            "convert": 3,
            "index": 2,
            "tabulate": 2,
            "sample": 3,
            "weights": 2,
            **SHOWN,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
        {
            "fetch": 3,
            "convert": 3,
            "index": 2,
            "tabulate": 2,
            "sample": 3,
            "weights": 2,
            "inspect_rows": 3,
            "train": 5,
            "merge": 1,
            **ASKED,
        },
    ),
    Edit(
        "how a page looks",
        f"{LIBRARY}/preview/page.py",
        "max-width: 62rem",
        "max-width: 63rem",
        {"preview": 3},
        {"preview": 3},
    ),
    Edit(
        "how many rows may have no trained token",
        STUDY,
        "subset: half\n",
        "subset: half\n    untrained: 0.01\n",
        {"inspect_rows": 1, "preview": 1, "train": 1, "predict": 1, "score": 1, "gather": 1},
        {"inspect_rows": 1, "preview": 1},
    ),
    Edit("a comment in a rule", "rules/train.smk", '"""Checkpoints:', '"""A checkpoint:', {}, {}),
    Edit(
        "a rule's command",
        "rules/gather.smk",
        "--scores {input.scores:q} --score {output.score:q}",
        "--score {output.score:q} --scores {input.scores:q}",
        {"gather": 1},
        {},
        dvc={"gather": 1},  # the command is part of a stage's identity, and DVC reuses nothing
    ),
    Edit(
        "how a checkpoint is named",
        f"{LIBRARY}/training/curve.py",
        '"gradient_norm")',
        '"norm")',
        {"weights": 2, **SHOWN, "train": 5, "merge": 1, **ASKED},
        {"weights": 2, "inspect_rows": 3, "train": 5, "merge": 1, **ASKED},
    ),
]
