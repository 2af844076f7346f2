"""Write tensors as safetensors, shard by shard, so that a model need not fit into memory.

Files and index have transformers' names.
"""

from pathlib import Path
from typing import Iterable

import torch

from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.models.projector_file import save_tensors

SHARD_BYTES = 4_000_000_000
STEM = "model"


def write_shards(tensors: Iterable[tuple[str, torch.Tensor]], folder: Path) -> None:
    """Write tensors into a folder: one file, or several of about SHARD_BYTES at most with an index."""
    full: list[dict[str, int]] = []
    held: dict[str, torch.Tensor] = {}
    for name, tensor in tensors:
        if held and sum(map(_bytes, held.values())) + _bytes(tensor) > SHARD_BYTES:
            full.append(_write(held, folder, len(full)))
            held = {}
        held[name] = tensor
    full.append(_write(held, folder, len(full)))
    if len(full) == 1:
        _numbered(folder, 0).rename(folder / f"{STEM}.safetensors")
        return
    names = [f"{STEM}-{number:05d}-of-{len(full):05d}.safetensors" for number in range(1, len(full) + 1)]
    for number, name in enumerate(names):
        _numbered(folder, number).rename(folder / name)
    weight_map = {tensor: name for name, sizes in zip(names, full, strict=True) for tensor in sizes}
    total = sum(size for sizes in full for size in sizes.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write_text(folder / f"{STEM}.safetensors.index.json", pretty_json(index))


def _write(held: dict[str, torch.Tensor], folder: Path, number: int) -> dict[str, int]:
    """Write a shard under a temporary name and return the sizes of its tensors."""
    save_tensors(held, _numbered(folder, number))
    return {name: _bytes(tensor) for name, tensor in held.items()}


def _numbered(folder: Path, number: int) -> Path:
    return folder / f".{STEM}-{number:05d}.safetensors"


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()
