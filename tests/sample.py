"""The committed sample of what the original code was given and gave, laid out in files as the whole recordings are."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

Tensors = dict[str, torch.Tensor]

VISION = "model.vision_tower.vision_tower."
LOGIT_SCALE = 2.6592  # of `clip-tiny`, and drawn for no model
WHOLE_ONLY = {"llava-tiny-finetune", "llava-tiny-merged-fp32", "llava-tiny-merged-fp16-official"}  # 3.7 MB


def each_model(names: Iterable[str]) -> list[pytest.ParameterSet]:
    """Return pairs for tests of models: sample or whole, and the name of a model that it holds.

    Where the sample holds a model, the whole is for `make test-long`.
    """
    names = [*names]
    sampled = [pytest.param("sample", name) for name in names if name not in WHOLE_ONLY]
    return sampled + [
        pytest.param("whole", name, marks=[] if name in WHOLE_ONLY else pytest.mark.long) for name in names
    ]


def lay_out(sample: Path, folder: Path) -> None:
    """Write the files of the sample into a folder: unpacked, with the models, drawn again from their seed."""
    (folder / "models").mkdir()
    (folder / "images").symlink_to(sample / "images")
    for packed in sorted(sample.rglob("*.gz")):
        write_bytes(folder / packed.relative_to(sample).with_suffix(""), gzip.decompress(packed.read_bytes()))
    shown = packed_tensors(sample / "model/shown.npz")["pixels"]
    for packed in sorted(sample.rglob("*.*.npz")):
        write_tensors(folder / packed.relative_to(sample).with_suffix(""), with_images(packed_tensors(packed), shown))
    write_models(sample / "models", folder / "models")
    write_ends(folder)


def columns(values: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Return the columns that an expectation has: all of them, or every n-th in the sample."""
    return values[..., :: values.shape[-1] // expected.shape[-1]]


def write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_tensors(path: Path, tensors: Tensors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".bin":
        torch.save(tensors, path)
    else:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def packed_tensors(path: Path) -> Tensors:
    with np.load(path) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def with_images(tensors: Tensors, shown: torch.Tensor) -> Tensors:
    """Return the tensors with the images that stand there as numbers of a common list."""
    return {
        name.removesuffix("_of"): as_shown(name, shown[tensor.long()]) if name.endswith("_of") else tensor
        for name, tensor in tensors.items()
    }


def as_shown(name: str, images: torch.Tensor) -> torch.Tensor:
    return images[:, None] if name.startswith("images_5d") else images


def drawn(description: Path) -> dict[str, Tensors]:
    """Return the tensors of the tiny language model and the tiny CLIP, which are draws of torch's generator."""
    facts = json.loads(description.read_text())
    generator = torch.Generator().manual_seed(facts["seed"])
    models: dict[str, Tensors] = {"vicuna-tiny": {}, "clip-tiny": {"logit_scale": torch.tensor(LOGIT_SCALE)}}
    for fact in facts["tensors"]:
        tensor = fact["mean"] + fact["deviation"] * torch.randn(fact["shape"], generator=generator)
        for start, stop, factor in fact.get("row_factors", []):
            tensor[start:stop] *= factor
        ends = tensor.flatten()[[0, -1]]
        assert torch.allclose(ends, torch.tensor([fact["first"], fact["last"]]), rtol=1e-5), (
            f"torch {torch.__version__} draws other numbers from a seed: {fact['name']}"
        )
        models[fact["model"]][fact["name"]] = tensor
    return models


def write_models(packed: Path, models: Path) -> None:
    """Write every model's small files, and those tensors that the sample does not hold."""
    for model, files in json.loads((models / "files.json").read_text()).items():
        for name, content in files.items():
            write_bytes(models / model / name, json.dumps(content).encode())
        if "tokenizer_config.json" in files:
            write_bytes(models / model / "tokenizer.model", (packed / "tokenizer.model").read_bytes())
    (models / "files.json").unlink()
    tensors = drawn(packed / "drawn.json")
    for model, weights in tensors.items():
        write_tensors(models / model / "model.safetensors", weights)
    vision = {VISION + name: value for name, value in tensors["clip-tiny"].items() if name.startswith("vision_model.")}
    projector = torch.load(models / "proj-tiny/mm_projector.bin", weights_only=True)
    whole = {**tensors["vicuna-tiny"], **projector, **vision}
    write_tensors(models / "llava-tiny/model.safetensors", whole)
    write_halves(models / "llava-tiny-bin16", whole)


def write_halves(folder: Path, whole: Tensors) -> None:
    """Write a model's tensors in half precision, in the shards that its index names."""
    index: dict[str, Any] = json.loads((folder / "pytorch_model.bin.index.json").read_text())
    for shard in sorted(set(index["weight_map"].values())):
        write_tensors(
            folder / shard, {name: whole[name].half() for name, s in index["weight_map"].items() if s == shard}
        )


def write_ends(folder: Path) -> None:
    """Write the tensors with which recorded trainings began and ended, where a model of the sample has them."""
    stage1 = torch.load(folder / "models/llava-tiny-pretrain/mm_projector.bin", weights_only=True)
    write_tensors(folder / "train/a_stage1/final_trainable.safetensors", stage1)
    lora = folder / "models/llava-tiny-lora"
    adapter = load_file(lora / "adapter_model.safetensors")
    named = {name.replace(".weight", ".default.weight"): tensor for name, tensor in adapter.items()}
    rest = torch.load(lora / "non_lora_trainables.bin", weights_only=True)
    write_tensors(folder / "train/c_lora/final_trainable.safetensors", {**named, **rest})
    zeros = {name: torch.zeros_like(tensor) for name, tensor in named.items() if ".lora_B." in name}
    projector = {f"base_model.model.{name}": tensor for name, tensor in stage1.items()}
    drawn_halves = folder / "train/c_lora/initial_trainable.safetensors"
    write_tensors(drawn_halves, {**load_file(drawn_halves), **zeros, **projector})
