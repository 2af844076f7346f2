"""Models as their makers published them years ago: `.bin` files with buffers that newer versions compute."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.recipes import assemble
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import ModelKind, WeightsInputs
from tests.checkpoints.making import files_in, llava_of, make_original, original_config, original_tensors


def taken(folder: Path, holds: ModelKind, out: Path) -> Path:
    pretrained.make(pretrained.Settings(kind="pretrained", holds=holds), WeightsInputs(files=files_in(folder)), 0, out)
    return out


def test_two_tensors_that_are_tied_must_be_equal(clip: Path, tmp_path: Path) -> None:
    whole = original_tensors(llava_of(clip))
    words = {name: tensor for name, tensor in whole.items() if "mm_" not in name and "vision" not in name}
    config = original_config(model_type="llama", tie_word_embeddings=True)
    folder = make_original(tmp_path / "differing", words, config)
    with pytest.raises(PipelineError, match=r"ties two tensors[\s\S]*tie_word_embeddings: false"):
        taken(folder, "language", tmp_path / "a")
    words["lm_head.weight"] = words["model.embed_tokens.weight"].clone()
    taken(make_original(tmp_path / "equal", words, config), "language", tmp_path / "b")


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_they_are_composed_to_what_they_hold(clip: Path, tmp_path: Path, family: str) -> None:
    whole = original_tensors(llava_of(clip, family))
    words = {name: tensor for name, tensor in whole.items() if "mm_" not in name and "vision" not in name}
    words["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    make_original(tmp_path / "vicuna", words, original_config(family, model_type=family), shards=2)
    seen = {**load_file(clip / "model.safetensors"), "vision_model.embeddings.position_ids": torch.arange(5)[None]}
    (tmp_path / "clip").mkdir()
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / "clip" / name).write_bytes((clip / name).read_bytes())
    torch.save(seen, tmp_path / "clip/pytorch_model.bin")
    base = Base(
        taken(tmp_path / "vicuna", "language", tmp_path / "a"), taken(tmp_path / "clip", "clip", tmp_path / "b")
    )
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1)
    train_recipe(TrainingInputs(base, [], ImageReader([]), 0), how, tmp_path / "whole", Resume(tmp_path, 600))
    found = load_llava(tmp_path / "whole").model
    assert found.config.text_config.model_type == family
    for name, tensor in found.model.language_model.state_dict().items():
        assert torch.equal(tensor[:300] if "embed" in name else tensor, words[f"model.{name}"]), name
    for name, tensor in found.model.vision_tower.state_dict().items():
        assert torch.equal(tensor, seen[f"vision_model.{name}"]), name
