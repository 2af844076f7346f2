"""Adapters: low-rank updates and projectors, merged into the model that they were trained on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import read_card
from pipeline_lib.models.merge import AGREEMENT, merge
from pipeline_lib.recipes import assemble, lora, projector
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Optimisation, RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.trainer import VlmTrainer
from tests.numbers import assert_close

BASE = {"start": "digest of the base"}
STEPS = {"steps": 3, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}
LORA = lora.Settings(name="lora", rank=4, alpha=8, projector_learning_rate=1e-3, image_shape="square", **STEPS)
PROJECTOR = projector.Settings(name="projector", **STEPS)


def train(material: TrainingInputs, recipe: RecipeSettings, folder: Path) -> Path:
    how = TrainSettings(recipe=recipe, seed=0, threads=1)
    train_recipe(material, how, folder, Resume(folder.with_suffix(".state"), 600))
    return folder


@pytest.fixture()
def material(
    language: Path, tower: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> TrainingInputs:
    composed = TrainingInputs(Base(language, tower, digests=BASE), rows, images, seed=0)
    base = train(composed, assemble.Settings(name="assemble", projector="random"), tmp_path / "base")
    return replace(composed, base=Base(base, digests=BASE))


@pytest.mark.parametrize("recipe", [LORA, PROJECTOR], ids=["lora", "projector"])
def test_a_merged_model_says_what_the_adapter_said(
    material: TrainingInputs, recipe: Optimisation, tmp_path: Path
) -> None:
    adapter = train(material, recipe, tmp_path / "adapter")
    receipt = merge(material.base, adapter, 0, tmp_path / "merged")
    assert all(distance <= AGREEMENT for distance in receipt["logits"].values())
    before, after = (
        load_file(material.base.start / "model.safetensors"),
        load_file(tmp_path / "merged/model.safetensors"),
    )
    differing = {name for name in before if not torch.equal(before[name], after[name])}
    assert len(receipt["replaced"]) == len(differing) and len(receipt["untouched"]) == len(before) - len(differing)
    assert not any("vision_tower" in name for name in differing)
    assert any("language_model" in name for name in differing) == (recipe is LORA)
    card = read_card(tmp_path / "merged")
    assert (card.kind, card.image_shape) == ("vlm", recipe.image_shape)
    assert load_llava(tmp_path / "merged").processor.image_processor.do_pad == (recipe.image_shape == "pad")


def test_an_adapter_may_compose_its_base(language: Path, tower: Path, material: TrainingInputs, tmp_path: Path) -> None:
    adapter = train(replace(material, base=Base(language, tower, digests=BASE)), PROJECTOR, tmp_path / "adapter")
    merge(Base(language, tower, digests=BASE), adapter, 0, tmp_path / "merged")
    before, after = (
        load_file(material.base.start / "model.safetensors"),
        load_file(tmp_path / "merged/model.safetensors"),
    )
    differing = [name for name in before if not torch.equal(before[name], after[name])]
    assert len(differing) == 4 and all("multi_modal_projector" in name for name in differing)


def test_peft_itself_reads_the_adapter(material: TrainingInputs, tmp_path: Path) -> None:
    adapter = train(material, LORA, tmp_path / "adapter")
    merge(material.base, adapter, 0, tmp_path / "merged")
    theirs = PeftModel.from_pretrained(load_llava(material.base.start).model, str(adapter)).merge_and_unload()
    ours = load_llava(tmp_path / "merged").model.state_dict()
    assert_close({name: ours[name] for name in theirs.state_dict()}, theirs.state_dict(), 1e-6)
    assert "tmp" not in (adapter / "adapter_config.json").read_text()


def test_the_vision_tower_gets_no_update_and_the_projector_its_own_rate(
    material: TrainingInputs, tmp_path: Path
) -> None:
    task = lora.prepare(LORA, material)
    trained = [name for name, value in task.model.named_parameters() if value.requires_grad]
    assert not any("vision_tower" in name for name in trained)
    assert sum("lora_A" in name for name in trained) == 2 * 7  # two layers of seven linear maps
    assert sum("modules_to_save" in name for name in trained) == len(trained) - 2 * 2 * 7 == 4
    groups = _trainer(task.model, tmp_path)._groups()
    assert [(group["lr"], len(group["params"])) for group in groups] == [(1e-2, 28), (1e-3, 2), (1e-3, 2)]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.1, 0.0]


def _trainer(model: PeftModel, folder: Path) -> VlmTrainer:
    from transformers import TrainingArguments

    arguments = TrainingArguments(output_dir=str(folder), learning_rate=1e-2, weight_decay=0.1, use_cpu=True)
    return VlmTrainer(model=model, args=arguments, row_seed=0, own_rates={"model.multi_modal_projector.": 1e-3})


def test_an_adapter_is_merged_into_its_own_base_alone(material: TrainingInputs, tmp_path: Path) -> None:
    adapter = train(material, PROJECTOR, tmp_path / "adapter")
    with pytest.raises(PipelineError, match="was trained on another base"):
        merge(replace(material.base, digests={"start": "another digest"}), adapter, 0, tmp_path / "merged")
    with pytest.raises(PipelineError, match="expected a checkpoint of kind adapter"):
        merge(material.base, material.base.start, 0, tmp_path / "merged")


@pytest.mark.parametrize("recipe", [LORA, PROJECTOR], ids=["lora", "projector"])
def test_tensors_without_their_place_are_refused(
    material: TrainingInputs, recipe: Optimisation, tmp_path: Path
) -> None:
    adapter = train(material, recipe, tmp_path / "adapter")
    (file,) = adapter.glob("*.safetensors")
    tensors = load_file(file)
    name = sorted(tensors)[0]
    tensors[f"{name}.elsewhere"] = tensors.pop(name)
    save_file(tensors, file)
    with pytest.raises(PipelineError, match="are not those of its base"):
        merge(material.base, adapter, 0, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_an_adapter_without_effect_is_refused(material: TrainingInputs, tmp_path: Path) -> None:
    adapter = train(material, PROJECTOR, tmp_path / "adapter")
    base = load_llava(material.base.start).model.state_dict()
    save_file(
        {name: base[name] for name in load_file(adapter / "projector.safetensors")}, adapter / "projector.safetensors"
    )
    with pytest.raises(PipelineError, match="changes nothing"):
        merge(material.base, adapter, 0, tmp_path / "merged")
