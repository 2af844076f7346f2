"""Studies: what ships is valid, and a fault is named with line, value and hint."""

import re
from pathlib import Path

import pytest

from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study, study_path
from pipeline_lib.core.errors import PipelineError
from tests.project import ROOT

CONFIG = (ROOT / "config.yaml").read_text()
SHIPPED = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_is_valid(path: Path) -> None:
    assert load_study(path).runs


def test_shipped_studies_share_what_they_name_alike() -> None:
    """Else one study would make the data of another anew, and every score of that one stale."""
    datasets: dict[str, tuple[str, object]] = {}
    for path in SHIPPED:
        if path.stem == "evaluate":  # its sources are folders of the user's machine
            continue
        for name, dataset in load_study(path).datasets.items():
            study, other = datasets.setdefault(name, (path.stem, dataset))
            assert dataset == other, f"{name} of {path.stem} is another one than that of {study}"


def line_of(text: str) -> int:
    return CONFIG[: CONFIG.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seed: 0", "sed: 0", ["sed: unknown key", "did you mean 'seed'?"]),
        ("seed: 0", "seed: zero", ["seed: ", "valid integer", "'zero'"]),
        ("seed: 0", "seed: 0.5", ["seed: "]),
        ("shards: 2", "shards: 0", ["datasets.digits_scenes.shards", "greater than or equal to 1"]),
        ("{to: jpeg}", "{to: png}", ["datasets.digits_scenes.convert.to", "'jpeg' or 'keep'"]),
        (
            "kind: digits_scenes, part: train",
            "kind: digit_scenes, part: train",
            ["no such source: digit_scenes", "did you mean 'digits_scenes'?", "value: 'digit_scenes'"],
        ),
        ("seed: 0", "seed: 0\nlimit: 50", ["limit: this must be a mapping of keys", "value: 50"]),
        ("\nruns:\n", "\nrun:\n", ["config.yaml:1: the key `runs` is missing", "value: 'a mapping with title, seed, "]),
        ("\nruns:\n", "\nrun:\n", ["run: unknown key", "a mapping with untrained, tenth,", "did you mean 'runs'?"]),
        (
            "table: digits_instructions, sample: {strategy: digest_rank, fraction: 0.5}",
            "table: digits_instructions, sample: {strategy: digest_rank}",
            ["subsets.half.sample", "either fraction or count"],
        ),
        (
            "dataset: digits_pope",
            "dataset: digits_pop",
            ["benchmarks.pope.dataset: no such dataset", "did you mean 'digits_pope'?"],
        ),
        (
            "images: [digits_test_scenes]",
            "images: [digits_conversations]",
            ["benchmarks.pope.images.0", "add `convert` to the dataset"],
        ),
        ("protocol: llava15", "protocol: llava16", ["benchmarks.pope.protocol", "did you mean 'llava15'?"]),
        (
            "benchmark: pope",
            "benchmark: popo",
            ["benchmarks.pope.benchmark: no such benchmark", "did you mean 'pope'?"],
        ),
        (
            "full: {model: full}",
            "full: {model: tower}",
            ["runs.full.model", "a model of kind clip; expected vlm"],
        ),
        ("    start: pretrained\n    subset: half", "    start: half\n    subset: half", ["in a cycle"]),
        ("    subset: half\n", "", ["trainings.half: this recipe needs a `subset`"]),
        (
            "{name: assemble, projector: random}",
            "{name: assemble, projector: random}\n    subset: half",
            ["does not train"],
        ),
        (
            "{name: assemble, projector: random}",
            "{name: assemble}",
            ["trainings.untrained: this training has no projector", "write `projector: random` in the recipe"],
        ),
        (
            "start: pretrained\n    subset: half\n    recipe: {name: full",
            "start: pretrained\n    subset: half\n    recipe: {name: full, projector: random",
            ["trainings.half.recipe.projector: `start` or `projector` of this training provides a projector"],
        ),
        ("epochs: 1, batch_size: 32", "epochs: 1, steps: 4, batch_size: 32", ["either epochs or steps"]),
        ("epochs: 1, batch_size: 32", "epochs: 1, faithful: true, batch_size: 32", ["its name is now as_original"]),
        (
            "half: {model: half}",
            "half: {model: half, engine: {name: transformers, precision: bfloat16}}",
            ["run half: its engine's precision rounds by processor", "numerics: native"],
        ),
        ("{max_new_tokens: 8}", "{batch_size: 64}", ["decoding.batch_size", "engine: {name: transformers, tokens: N}"]),
        (
            "captions: {table: digits_captions,",
            "captions: {table: digits_text,",
            ["trainings.tower.subset", "CLIP learns from images"],
        ),
        ("    tower: tower\n", "", ["needs a `tower` to become a LLaVA", "'language'", "add `tower`"]),
        *(
            (old, new, [key, bound])
            for old, new, key, bound in (
                ("seed: 0", "seed: -1", "seed", "greater than or equal to 0"),
                ("seed: 0", "seed: 9223372036854775808", "seed", "less than 9223372036854775808"),
                ("threads: 1", "threads: 0", "threads", "greater than or equal to 1"),
                ("shards: 2", "shards: 1001", "datasets.digits_scenes.shards", "less than or equal to 1000"),
                ("fraction: 0.5", "fraction: 1.5", "subsets.half.sample.fraction", "less than or equal to 1"),
                ("epochs: 1, batch_size: 32", "epochs: -1, batch_size: 32", "recipe.epochs", "greater than 0"),
                ("epochs: 1, batch_size: 32", "epochs: .inf, batch_size: 32", "recipe.epochs", "value: inf"),
                ("epochs: 1, batch_size: 32", "epochs: 1, batch_size: -8", "recipe.batch_size", "greater than 0"),
                ("epochs: 1, batch_size: 32", "steps: 1000000000000, batch_size: 32", "recipe.steps", "100000000"),
                ("max_new_tokens: 8", "max_new_tokens: 0", "decoding.max_new_tokens", "greater than 0"),
                ("patch_size: 16", "patch_size: 15", "make.vision", "not a multiple of patch_size 15"),
                (
                    "num_attention_heads: 4",
                    "num_attention_heads: 5",
                    "make.config",
                    "not a multiple of num_attention_heads",
                ),
                ("num_hidden_layers: 3", "num_hidden_layer: 3", "make.config.num_hidden_layer", "did you mean"),
                ("rank: ", "rank: -", "recipe.rank", "greater than 0"),
            )
        ),
    ],
)
def test_every_fault_has_its_line_and_a_hint(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert old in CONFIG
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace(old, new, 1))
    with pytest.raises(PipelineError) as caught:
        load_study(path)
    message = str(caught.value)
    for text in expected:
        assert text in message, message
    assert f"{path}:" in message and "value:" in message


@pytest.mark.parametrize(
    ("devices", "bound"), [("{nodes: 1000000}", "less than or equal to 10000"), ("{gpus_per_node: 0}", "equal to 1")]
)
def test_devices_are_a_machine_s_or_a_cluster_s(tmp_path: Path, devices: str, bound: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("subset: half\n", f"subset: half\n    devices: {devices}\n", 1))
    with pytest.raises(PipelineError, match=rf"config\.yaml:\d+: trainings\.half\.devices\..*{bound}"):
        load_study(path)


@pytest.mark.parametrize(
    ("devices", "hint"),
    [
        ("{gpus_per_node: 4, micro_batch: 6}", "a micro_batch that fits: 1, 2, 4"),
        ("{gpus_per_node: 5, micro_batch: 1}", "no micro_batch fits 5 processes"),
        ("{gpus_per_node: 64, micro_batch: 1}", "no micro_batch fits 64 processes"),
    ],
)
def test_a_step_that_devices_cannot_share_names_the_passes_that_fit(tmp_path: Path, devices: str, hint: str) -> None:
    path = tmp_path / "config.yaml"
    config = CONFIG.replace("batch_size: 8, learning_rate: 6.0e-4", "batch_size: 16, learning_rate: 6.0e-4")
    path.write_text(config.replace("subset: half\n", f"subset: half\n    devices: {devices}\n", 1))
    with pytest.raises(PipelineError, match=rf"trainings\.half\.devices: 16 rows a step.*\n.*\n    hint:  {hint}"):
        load_study(path)


def test_a_fault_of_a_file_that_a_study_names_is_one_line_and_a_hint(tmp_path: Path) -> None:
    path, settings = tmp_path / "config.yaml", tmp_path / "zero2.json"
    devices = f"{{gpus_per_node: 2, micro_batch: 1, sharding: zero2, deepspeed: {settings}}}"
    path.write_text(CONFIG.replace("subset: half\n", f"subset: half\n    devices: {devices}\n", 1))
    for content, said in (
        (None, "is missing"),
        ("{}", r"do not fit the study \(where: gradient_clipping, value: None\)"),
    ):
        if content is not None:
            settings.write_text(content)
        with pytest.raises(PipelineError, match=rf"{said}\n    value: '{settings}'\n    hint:  \w+"):
            load_study(path)


def test_a_benchmark_that_no_run_is_asked_is_a_fault(tmp_path: Path) -> None:
    head, tail = CONFIG.split("\nruns:\n")
    path = tmp_path / "config.yaml"
    path.write_text(f"{head}\nruns: {{}}\n{tail[tail.index('benchmarks:') :]}")
    with pytest.raises(PipelineError, match=r"benchmarks\.pope: the study has no run"):
        load_study(path)


def test_answers_that_are_neither_scored_nor_handed_in_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("benchmark: pope\n", "benchmark: pope\n    scored: false\n", 1))
    with pytest.raises(PipelineError, match=r"benchmarks\.pope\.scored: pope has no format for submissions"):
        load_study(path)


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("seed: 0", "sed: 0", 1))
    with pytest.raises(PipelineError, match=rf"config\.yaml:{line_of('seed: 0')}: sed: unknown key"):
        load_study(path)


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("seed: 0", "sed: 0").replace("{to: jpeg}", "{too: jpeg}"))
    with pytest.raises(PipelineError, match="3 faults"):
        load_study(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2", "not valid YAML"),
        ("- a\n", "a mapping of keys"),
        ("title: a\ntitle: b\n", "not valid YAML"),
        ("", "a mapping"),
    ],
)
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(PipelineError, match=expected):
        load_study(path)


def test_an_unknown_study_gets_a_suggestion() -> None:
    with pytest.raises(PipelineError, match="did you mean 'mini'"):
        study_path("minni", ROOT)


def test_no_study_has_the_name_of_a_folder_of_the_default_one() -> None:
    rules = "".join(path.read_text() for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")])
    folders = {*re.findall(r"<results>/(\w+)/", rules)}
    assert len(folders) > 15
    for name in (*folders, "smoke", "partial"):
        with pytest.raises(PipelineError, match=f"folder of the default study: results/{name}"):
            study_path(name, ROOT)


def test_settings_of_a_job_hold_no_name_that_a_person_may_change() -> None:
    study = load_study(ROOT / "config.yaml")
    trained = stages.train(study, "half").canonical()
    assert '"learning_rate":0.0006' in trained
    for name in ("half", "pretrained", "digits_instructions"):
        assert f'"{name}"' not in trained
