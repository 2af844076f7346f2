"""Families of models: one interface, and a second family behind it that shows images to cross-attention layers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import names
from pipeline_lib.engines.base import Request, Round
from pipeline_lib.engines.transformers import engine_of
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.settings import Review
from pipeline_lib.job.code.digest import code_modules
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, read_card, write_card
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.family import Batch, Example, Family, Vlm, load_family
from pipeline_lib.models.merge import AGREEMENT, merge
from pipeline_lib.models.opening import load_vlm, open_tokens
from pipeline_lib.prompts import vicuna_v1
from pipeline_lib.prompts.base import question
from pipeline_lib.recipes import full, lora, projector
from pipeline_lib.training.settings import RecipeSettings, WeightsSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import WeightsInputs
from tests.models.answering import answered, settings_of
from tests.models.mllama import small_mllama
from tests.models.trained import train, without_image
from tests.numbers import assert_close
from tests.project import ROOT

STEPS: dict[str, Any] = {"steps": 2, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}
LORA = lora.Settings(name="lora", rank=2, alpha=4, **STEPS)
BASE = {"start": "digest of the base"}
SQUARE, WIDE, TALL = "2.jpg", "5.jpg", "4.jpg"  # 32 x 32, 50 x 20 and 20 x 50 pixels


@pytest.fixture(scope="module")
def mllama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random Mllama, taken as published files are."""
    root = tmp_path_factory.mktemp("mllama")
    published = small_mllama(root / "published")
    make = pretrained.Settings(kind="pretrained", holds="vlm", family="mllama", template="vicuna_v1")
    inputs = WeightsInputs(files={path.name: path for path in published.iterdir()})
    make_weights(WeightsSettings(make=make, seed=0, threads=1), inputs, root / "model")
    return root / "model"


@pytest.fixture()
def vlm(mllama: Path) -> Vlm:
    model = load_vlm(mllama)
    model.model.eval()
    return model


@pytest.fixture()
def material(mllama: Path, rows: list[Conversation], images: ImageReader) -> TrainingInputs:
    """Return rows with an image, and one in four without."""
    mixed = [without_image(row) if row.row % 4 == 3 else row for row in rows]
    return TrainingInputs(Base(mllama, digests=BASE), mixed, images, seed=0)


def changed(before: Path, after: Path) -> set[str]:
    """Return the names of the tensors that two checkpoints do not share."""
    first, second = (load_vlm(folder).model.state_dict() for folder in (before, after))
    return {name for name in first if not torch.equal(first[name], second[name])}


def asked(vlm: Vlm, images: ImageReader, text: str, *paths: str) -> Example:
    """Return a question about these images as an example."""
    rows = [images.row(path) for path in paths]
    ids = vlm.tokens.prompt(question(vicuna_v1, text, len(paths)), [(row.width, row.height) for row in rows])
    return {"input_ids": ids, "images": [vlm.show(images.open(row.path, row.pin)) for row in rows]}


def last_logits(vlm: Vlm, batch: Batch) -> torch.Tensor:
    """Return the logits [rows, vocabulary] of the first token of every answer."""
    with torch.inference_mode():
        logits: torch.Tensor = vlm.model(**batch).logits[:, -1]
    return logits


def answers(vlm: Vlm, questions: list[Question], images: ImageReader, tokens: int, folder: Path) -> list[str]:
    settings = settings_of("vicuna_v1", family="mllama", tokens=tokens, max_new_tokens=6)
    records = answered(vlm, questions, images, settings, folder / f"{tokens}.replies")
    return [record["text"] for record in records]


@pytest.mark.parametrize("name", names("families"))
def test_a_family_has_every_member_of_the_interface(name: str) -> None:
    members = {*Family.__annotations__, *(member for member in vars(Family) if not member.startswith("_"))}
    assert [member for member in members if not hasattr(load_family(name), member)] == []


def test_a_family_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PipelineError, match=r"(?s)no such family.*did you mean 'mllama'"):
        load_family("mlama")


def test_a_card_of_an_unknown_family_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "vlmflow.json").write_text('{"kind": "vlm", "family": "lava"}')
    with pytest.raises(PipelineError, match=r"(?s)no such family: lava; did you mean 'llava'.*vlmflow\.json"):
        read_card(tmp_path)


def test_a_card_without_a_family_is_a_llavas(tmp_path: Path) -> None:
    write_card(tmp_path, Card(kind="vlm", template="vicuna_v1", image_shape="pad"))
    assert "family" not in json.loads((tmp_path / "vlmflow.json").read_text())
    assert read_card(tmp_path).family == "llava"
    (tmp_path / "vlmflow.json").write_text('{"kind": "llava", "template": "vicuna_v1"}')
    assert read_card(tmp_path).kind == "vlm"


def test_a_jobs_code_is_that_of_its_models_family_alone() -> None:
    script = ROOT / "workflow_scripts" / "predict.py"
    for name, other in (("llava", "mllama"), ("mllama", "llava")):
        modules = code_modules(script, f"pipeline_lib.families.{name}.model:load")
        assert any(module.startswith(f"pipeline_lib.families.{name}.") for module in modules)
        assert not [module for module in modules if module.startswith(f"pipeline_lib.families.{other}.")]


def test_every_parameter_belongs_to_one_part(vlm: Vlm) -> None:
    parts = load_family("mllama").PARTS
    for name, _ in vlm.model.named_parameters():
        assert sum(name.startswith(prefixes) for prefixes in parts.values()) == 1, name


def test_the_loss_depends_on_the_image_and_on_all_of_its_tiles(vlm: Vlm, images: ImageReader) -> None:
    wide = asked(vlm, images, "What?", WIDE)
    assert int(wide["images"][0]["aspect_ratio_mask"].sum()) == 2
    other = [{**wide["images"][0], "pixel_values": wide["images"][0]["pixel_values"].clone()}]
    other[0]["pixel_values"][1] += 1.0  # of the second tile
    labels = [IGNORED] * (len(wide["input_ids"]) - 3) + wide["input_ids"][-3:]
    shown = [wide["images"], asked(vlm, images, "What?", TALL)["images"], other]
    batches = [vlm.collate([{**wide, "labels": labels, "images": each}], "right") for each in shown]
    with torch.inference_mode():
        losses = {round(float(vlm.model(**batch).loss), 5) for batch in batches}
    assert len(losses) == 3


def test_an_image_of_any_size_is_one_token(vlm: Vlm, images: ImageReader) -> None:
    prompts = [asked(vlm, images, "What?", path)["input_ids"] for path in (SQUARE, WIDE, TALL)]
    assert prompts[0] == prompts[1] == prompts[2] and prompts[0].count(vlm.tokens.image_id) == 1
    assert vlm.tokens.per_image == vlm.tokens.images_in(prompts[0]) == 1


def test_a_token_sees_the_image_before_it(vlm: Vlm, images: ImageReader) -> None:
    short, long = asked(vlm, images, "What?", WIDE), asked(vlm, images, "What is it? one two", SQUARE)
    mask = vlm.collate([short, long], "left")["cross_attention_mask"]
    for row, example, tiles in ((0, short, 2), (1, long, 4)):
        mark = mask.shape[1] - len(example["input_ids"]) + example["input_ids"].index(vlm.tokens.image_id)
        assert not mask[row, :mark].any() and not mask[row, :, 0, tiles:].any()
        assert mask[row, mark:, 0, :tiles].all()


def test_neither_padding_nor_other_rows_change_a_row(vlm: Vlm, images: ImageReader) -> None:
    rows = [asked(vlm, images, "What is it? one two three", WIDE), asked(vlm, images, "What?", SQUARE)]
    rows += [asked(vlm, images, "What is red?")]
    together = last_logits(vlm, vlm.collate(rows, "left"))
    alone = torch.cat([last_logits(vlm, vlm.collate([row], "left")) for row in rows])
    assert_close({"logits": together}, {"logits": alone}, 1e-5)


def test_answers_do_not_depend_on_the_batch(vlm: Vlm, images: ImageReader, tmp_path: Path) -> None:
    questions = [
        Question(str(n), "What is it? " + "one " * n, [(WIDE,), (), (SQUARE,), (TALL,)][n % 4], "part")
        for n in range(6)
    ]
    texts = [answers(vlm, questions, images, tokens, tmp_path) for tokens in (1, 200, 4096)]
    assert texts[0] == texts[1] == texts[2] and len(set(texts[0])) > 1


def test_a_second_turn_sees_the_image_and_depends_on_no_batch(vlm: Vlm, images: ImageReader, tmp_path: Path) -> None:
    questions = [Question(path, "What is it?", (path,), "part") for path in (WIDE, SQUARE, TALL)]
    settings = settings_of("vicuna_v1", family="mllama", max_new_tokens=6, review=Review(text="Is it one? Look again."))
    whole = answered(vlm, questions, images, settings, tmp_path / "whole")
    small = settings_of("vicuna_v1", family="mllama", tokens=1, max_new_tokens=6, review=settings.review)
    assert answered(vlm, questions, images, small, tmp_path / "small") == whole
    rounds = (Round("one two", "Look again."),)
    asked = [Request(each.id, each.prompt, each.images, 6, rounds=rounds) for each in questions]
    replies = engine_of(vlm, images, settings).answer(asked, set())
    assert len({reply.text for reply in replies}) > 1  # after the same earlier answer


def test_a_training_changes_the_parts_that_its_recipe_names(material: TrainingInputs, tmp_path: Path) -> None:
    after = train(material, full.Settings(name="full", **STEPS), tmp_path / "full")
    assert read_card(after).family == "mllama"
    differing = changed(material.base.start, after)
    assert not [name for name in differing if "vision_model" in name]
    for part in ("self_attn", "cross_attn.", "cross_attn_attn_gate", "multi_modal_projector", "lm_head"):
        assert [name for name in differing if part in name], part


def test_rows_without_an_image_are_trained(material: TrainingInputs, tmp_path: Path) -> None:
    silent = replace(material, rows=[without_image(row) for row in material.rows])
    differing = changed(material.base.start, train(silent, full.Settings(name="full", **STEPS), tmp_path / "full"))
    assert [name for name in differing if "self_attn" in name]
    assert not [name for name in differing if "cross_attn." in name or "multi_modal_projector" in name]


def test_lora_updates_the_language_model_alone(material: TrainingInputs) -> None:
    task = lora.prepare(LORA, material)
    trained = [name for name, value in task.model.named_parameters() if value.requires_grad]
    updated = [name for name in trained if "lora_A" in name]
    assert all("language_model" in name for name in updated) and len(updated) == 4 * 7  # layers, their linear maps
    assert len([name for name in updated if "cross_attn" in name]) == 2 * 4
    assert [name for name in trained if "lora_" not in name and "multi_modal_projector" not in name] == []


@pytest.mark.parametrize("recipe", [LORA, projector.Settings(name="projector", **STEPS)], ids=["lora", "projector"])
def test_an_adapter_is_merged_into_its_base(
    material: TrainingInputs, recipe: RecipeSettings, images: ImageReader, tmp_path: Path
) -> None:
    adapter = train(material, recipe, tmp_path / "adapter")
    assert load_file(next(adapter.glob("*.safetensors")))
    assert (read_card(adapter).family, read_card(adapter).base) == ("mllama", BASE)
    receipt = merge(material.base, adapter, 0, tmp_path / "merged")
    assert all(distance <= AGREEMENT for distance in receipt["logits"].values())
    assert receipt["replaced"].keys() == changed(material.base.start, tmp_path / "merged")
    merged = load_vlm(tmp_path / "merged")
    assert merged.card == Card(kind="vlm", family="mllama", template="vicuna_v1", image_shape="pad")
    assert answers(merged, [Question("1", "What?", (WIDE,), "part")], images, 1, tmp_path) != [""]


def test_tokens_open_without_tensors(mllama: Path, rows: list[Conversation], tmp_path: Path) -> None:
    small = {path.name: path for path in mllama.iterdir() if not path.name.endswith(".safetensors")}
    for name, path in small.items():
        (tmp_path / name).write_bytes(path.read_bytes())
    assert open_tokens(tmp_path, None).images_in([0, open_tokens(tmp_path, None).image_id]) == 1


def test_what_a_family_cannot_do_is_an_error(mllama: Path, language: Path, tower: Path, vlm: Vlm) -> None:
    family = load_family("mllama")
    with pytest.raises(PipelineError, match="a Mllama cannot be composed"):
        family.compose(language, tower, Card(kind="vlm"), seed=0)
    with pytest.raises(PipelineError, match="a Mllama cannot take the vision tower"):
        vlm.put_tower(tower)
