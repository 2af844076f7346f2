"""Checkpoints that the original code wrote: every folder is read, tensors are equal, and it says what it said there."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.checkpoints.adapter_base import expect_fitting
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.text import read_json
from pipeline_lib.families.llava.layouts.export import export_as as export
from pipeline_lib.families.llava.model import image_processor
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.models.merge import merge
from pipeline_lib.recipes import assemble
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import ModelKind, WeightsInputs
from tests.checkpoints.making import Tensors, files_in
from tests.numbers import assert_close
from tests.sample import WHOLE_ONLY, columns, each_model

FULL = {  # the folder, and the name of what the original code gave of it
    "llava-tiny": "llava_tiny",
    "llava-tiny-bin16": "bin16_loaded_fp32",
    "llava-tiny-finetune": "finetune",
    "llava-tiny-merged-fp32": "merged_fp32",
    "llava-tiny-merged-fp16-official": "merged_fp16_loaded_fp32",
}
LOGITS = 1e-5  # largest difference, as a share of the largest logit recorded
ROWS = 1000


def given(golden: Path, name: str) -> WeightsInputs:
    return WeightsInputs(files=files_in(golden / "models" / name))


def taken(golden: Path, name: str, holds: ModelKind, out: Path, tower: Path | None = None) -> Path:
    """Return a folder of the original as weights of ours."""
    template = "vicuna_v1" if holds in ("vlm", "adapter") else None
    settings = pretrained.Settings(kind="pretrained", holds=holds, template=template)
    files = given(golden, name).files
    pretrained.make(settings, WeightsInputs(files=files, tower=tower), 0, out)
    return out


@pytest.fixture(scope="module")
def clip(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taken(golden, "clip-tiny", "clip", tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture(scope="module")
def vicuna(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taken(golden, "vicuna-tiny", "language", tmp_path_factory.mktemp("vicuna") / "model")


def run(material: TrainingInputs, recipe: RecipeSettings, out: Path) -> Path:
    train_recipe(material, TrainSettings(recipe=recipe, seed=0, threads=1), out, Resume(out.with_suffix(".s"), 600))
    return out


def last_logits(folder: Path, golden: Path, clip: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of the last position, and the best token of every one, of the recorded prompt."""
    from PIL import Image

    llava = load_llava(folder)
    recorded = load_file(golden / "model/merge.safetensors")["single_nomask.in.input_ids"][0].tolist()
    ids = [
        piece
        for token in recorded
        for piece in ([llava.model.config.image_token_id] * 16 if token == -200 else [token])
    ]
    with Image.open(golden / "images/set/img_00.jpg") as image:
        pixels = image_processor(clip, llava.card)(image.convert("RGB"), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        found = llava.model.eval()(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, :, :ROWS]
    return found[-1], found.argmax(dim=-1)


def expect_logits(folder: Path, golden: Path, clip: Path, name: str) -> None:
    told = load_file(golden / "model/checkpoint_logits.safetensors")
    last, best = last_logits(folder, golden, clip)
    assert_close(columns(last, told[name]), told[name], LOGITS)
    assert torch.equal(best, told[f"{name}.argmax_all"])


def assert_same(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def test_every_folder_is_of_a_known_kind(golden: Path) -> None:
    from pipeline_lib.families.llava.layouts.detect import kind_of

    kinds = {folder.name: kind_of(files_in(folder)) for folder in sorted((golden / "models").iterdir())}
    others = {"clip-tiny": "clip", "vicuna-tiny": "language", "llava-tiny-lora": "adapter"}
    projectors = dict.fromkeys(("proj-tiny", "llava-tiny-pretrain"), "projector")
    expected = {**dict.fromkeys(FULL, "vlm"), **others, **projectors}
    assert kinds == {name: kind for name, kind in expected.items() if name in kinds or name not in WHOLE_ONLY}


@pytest.mark.parametrize(("golden", "name"), each_model(FULL), indirect=["golden"], scope="session")
def test_a_whole_model_says_what_it_said_and_goes_back(golden: Path, clip: Path, tmp_path: Path, name: str) -> None:
    ours = taken(golden, name, "vlm", tmp_path / "ours", clip)
    expect_logits(ours, golden, clip, FULL[name])
    export(ours, tmp_path / "back", "original", ExportOptions())
    theirs = given(golden, name).files
    assert_same(dict(tensors_of(files_in(tmp_path / "back"))), dict(tensors_of(theirs)))
    for kept in ("config.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json"):
        assert json.loads((tmp_path / "back" / kept).read_text()) == json.loads(theirs[kept].read_text())
    assert (tmp_path / "back/tokenizer.model").read_bytes() == theirs["tokenizer.model"].read_bytes()


def test_the_lora_on_its_base_says_what_it_said_and_merges_to_what_it_was(
    golden: Path, clip: Path, vicuna: Path, tmp_path: Path
) -> None:
    adapter = taken(golden, "llava-tiny-lora", "adapter", tmp_path / "adapter")
    base = Base(vicuna, clip, digests={"start": "vicuna", "tower": "clip"})
    expect_fitting(adapter, base)
    merge(base, adapter, 0, tmp_path / "merged")
    expect_logits(tmp_path / "merged", golden, clip, "lora_unmerged_dir")
    export(tmp_path / "merged", tmp_path / "back", "original", ExportOptions(tower="clip-tiny", clip=clip, base=vicuna))
    found, official = load_file(tmp_path / "back/model.safetensors"), merged_tensors(golden)
    assert_close({name: columns(found[name], tensor) for name, tensor in official.items()}, official, 4e-6)
    export(adapter, tmp_path / "lora", "original", ExportOptions())
    files = given(golden, "llava-tiny-lora").files
    assert_same(load_file(tmp_path / "lora/adapter_model.safetensors"), load_file(files["adapter_model.safetensors"]))
    rest = [
        torch.load(path, weights_only=True)
        for path in (tmp_path / "lora/non_lora_trainables.bin", files["non_lora_trainables.bin"])
    ]
    assert_same(*rest)


def merged_tensors(golden: Path) -> Tensors:
    """Return the tensors of the original's merged model: all, or a part of those that the adapter changes."""
    sample = golden / "model/merged_fp32.safetensors"
    if sample.is_file():
        return load_file(sample)
    return dict(tensors_of(given(golden, "llava-tiny-merged-fp32").files))


def test_the_projector_on_its_base_says_what_it_said(golden: Path, clip: Path, vicuna: Path, tmp_path: Path) -> None:
    projector = taken(golden, "llava-tiny-pretrain", "projector", tmp_path / "weights")
    recipe = assemble.Settings(name="assemble", image_shape="square")
    whole = run(TrainingInputs(Base(vicuna, clip, projector), [], ImageReader([]), 0), recipe, tmp_path / "whole")
    expect_logits(whole, golden, clip, "projector_only")
    options = ExportOptions(base=whole, tower="clip-tiny", clip=clip)
    export(projector, tmp_path / "back", "original", options)
    files = given(golden, "llava-tiny-pretrain").files
    assert_same(
        *[
            torch.load(path, weights_only=True)
            for path in (tmp_path / "back/mm_projector.bin", files["mm_projector.bin"])
        ]
    )
    told, theirs = read_json(tmp_path / "back/config.json"), read_json(files["config.json"])
    own = {"_name_or_path", "transformers_version", "architectures", "freeze_mm_mlp_adapter", "mm_projector_lr"}
    own |= {"tokenizer_model_max_length", "tokenizer_padding_side"}
    assert {key: told[key] for key in theirs if key not in own} == {k: v for k, v in theirs.items() if k not in own}


def test_the_base_composed_here_is_the_model_converted(golden: Path, clip: Path, vicuna: Path, tmp_path: Path) -> None:
    projector = taken(golden, "proj-tiny", "projector", tmp_path / "weights")
    recipe = assemble.Settings(name="assemble")
    run(TrainingInputs(Base(vicuna, clip, projector), [], ImageReader([]), 0), recipe, tmp_path / "whole")
    ours = taken(golden, "llava-tiny", "vlm", tmp_path / "ours", clip)
    first, second = (load_llava(folder).model.state_dict() for folder in (tmp_path / "whole", ours))
    assert_same(dict(first), dict(second))


def test_clip_goes_out_as_it_came(golden: Path, clip: Path, tmp_path: Path) -> None:
    export(clip, tmp_path / "out", "clip", ExportOptions())
    theirs = given(golden, "clip-tiny").files
    assert_same(load_file(tmp_path / "out/model.safetensors"), load_file(theirs["model.safetensors"]))
    for name in ("config.json", "preprocessor_config.json"):
        assert read_json(tmp_path / "out" / name) == read_json(theirs[name])
    llava = taken(golden, "llava-tiny", "vlm", tmp_path / "ours", clip)
    assert image_processor(llava, Card(kind="vlm", image_shape="pad")).crop_size["height"] == 56
