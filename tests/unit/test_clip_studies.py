"""CLIP in a study: trainings with rows for validation, and runs whose answers are the nearest texts."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.parameters import plugins_of
from tests.project import ROOT

NEAREST = {"name": "nearest_text", "texts": ["a one", "a two"]}
CLASSES = [{"label": "yes", "text": "a yes"}, {"label": "no", "text": "a no"}]
PROTOTYPES = {
    "name": "prototypes",
    "classes": CLASSES,
    "label": "answer",
    "epochs": 2.0,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "clip_norm": 1.0,
}


def study(path: Path, run: dict[str, Any] | None = None, **training: Any) -> Study:
    """Return the study `mini` with a run of a CLIP, and with changes of the training of that CLIP."""
    tree = YAML(typ="safe").load(ROOT / "studies/mini.yaml")
    tree["trainings"]["tower"].update(training)
    if run is not None:
        tree["runs"]["clip"] = run
    with (path / "study.yaml").open("w") as file:
        YAML().dump(tree, file)
    return load_study(path / "study.yaml")


def test_a_run_of_a_clip_depends_on_its_engine_and_on_no_family_or_template(tmp_path: Path) -> None:
    settings = stages.predict(study(tmp_path, {"model": "tower", "engine": NEAREST}), "clip", "pope")
    assert (settings.family, settings.template, settings.numerics) == (None, None, "portable")
    assert plugins_of(settings) == ["pipeline_lib.benchmarks.pope:questions", "pipeline_lib.engines.nearest_text"]


@pytest.mark.parametrize(
    ("run", "match"),
    [
        ({"model": "full", "engine": NEAREST}, "kind vlm; expected clip"),
        ({"model": "tower"}, "kind clip; expected vlm"),
        ({"model": "tower", "engine": {"name": "nearest_text"}}, "pope states no texts of classes"),
        ({"model": "tower", "engine": NEAREST, "review": {"text": "Sure?"}}, "nearest_text asks no second question"),
        ({"model": "tower", "engine": NEAREST, "on_collapse": "stop"}, "hold probabilities, by which equal classes"),
    ],
)
def test_a_run_that_cannot_answer_is_refused(tmp_path: Path, run: dict[str, Any], match: str) -> None:
    with pytest.raises(PipelineError, match=match):
        study(tmp_path, run)


@pytest.mark.parametrize("rows", [{"batch_size": 1}, {"batch_size": 8, "micro_batch": 1}])
def test_clips_loss_of_one_pair_is_always_0_and_refused(tmp_path: Path, rows: dict[str, int]) -> None:
    devices = {"micro_batch": rows.get("micro_batch")}
    recipe = {key: value for key, value in PROTOTYPES.items() if key not in ("classes", "label")}
    recipe |= {"name": "contrastive", "batch_size": rows["batch_size"]}
    with pytest.raises(PipelineError, match="a pass has 1 row, and the loss of contrastive compares 2 or more"):
        study(tmp_path, recipe=recipe, devices=devices)
    assert study(tmp_path, recipe={**recipe, "loss": "siglip"}, devices=devices)


@pytest.mark.parametrize("images", ["[]", "[knee_val]", "[knee_train, knee_val]"])
def test_a_table_of_labelled_images_is_about_its_own_dataset(tmp_path: Path, images: str) -> None:
    text = (ROOT / "studies/clip_oa.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text.replace("images: [knee_train], conv", f"images: {images}, conv"))
    with pytest.raises(PipelineError, match=r"(?s)tables.train.images.*a row for every image of its dataset"):
        load_study(tmp_path / "study.yaml")


def test_as_many_texts_as_the_benchmark_has_classes(tmp_path: Path) -> None:
    text = (
        (ROOT / "studies/clip_oa.yaml")
        .read_text()
        .replace("{name: nearest_text}", "{name: nearest_text, texts: [a, b]}")
    )
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(PipelineError, match="knee_grading has 5 classes, and the engine states 2 texts"):
        load_study(tmp_path / "study.yaml")


def test_rows_for_validation_are_inputs_and_no_settings(tmp_path: Path) -> None:
    subset = study(tmp_path).trainings["tower"].subset
    plain = study(tmp_path, recipe=PROTOTYPES)
    measured = study(tmp_path, recipe=PROTOTYPES, validation="half")
    assert stages.train(plain, "tower").canonical() == stages.train(measured, "tower").canonical()
    tables = [measured.subsets[name].table for name in (str(subset), "half")]
    assert Paths(measured, "results").tables_of(measured.trainings["tower"]) == tables
    images = {dataset for name in tables for dataset in measured.tables[name].images}
    assert set(Paths(measured, "results").images_of(measured.trainings["tower"])) == images


def test_a_recipe_that_validates_nothing_takes_no_such_rows(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="the recipe contrastive validates no rows"):
        study(tmp_path, validation="half")
    with pytest.raises(PipelineError, match="validated on the rows that it learns from"):
        study(tmp_path, recipe=PROTOTYPES, validation="captions")
    with pytest.raises(PipelineError, match="no such subset"):
        study(tmp_path, recipe=PROTOTYPES, validation="halb")
    with pytest.raises(PipelineError, match="two classes have the same label"):
        study(tmp_path, recipe={**PROTOTYPES, "classes": [*CLASSES, CLASSES[0]]})
    with pytest.raises(PipelineError, match="two classes have the same text"):
        study(tmp_path, recipe={**PROTOTYPES, "classes": [*CLASSES, {**CLASSES[0], "label": "another"}]})


@pytest.mark.parametrize("sharding", ["zero2", "zero3", "fsdp"])
@pytest.mark.parametrize("recipe", [None, PROTOTYPES])
def test_a_clip_is_not_sharded(tmp_path: Path, sharding: str, recipe: dict[str, Any] | None) -> None:
    more = {} if recipe is None else {"recipe": recipe}
    with pytest.raises(PipelineError, match=r"(?s)devices.sharding.*a CLIP cannot be sharded"):
        study(tmp_path, devices={"sharding": sharding, "gpus_per_node": 2}, **more)
