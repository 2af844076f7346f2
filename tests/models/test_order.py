"""The order of rows by modality and length, held against orders that the original code gave."""

import json
from pathlib import Path

import torch

from pipeline_lib.training.grouping import length_order, modality_order
from pipeline_lib.training.sampler import SeededSampler

LENGTHS = [7, -3, 12, 5, -20, 9, 4, -8, 15, 3, -2]


def test_orders_are_those_of_the_original(golden: Path) -> None:
    told = json.loads((golden / "train" / "sampler.json").read_text())
    known = {name: told[name]["modality_lengths"] for name in ("finetune64", "pretrain64")}
    known["synthetic500"] = told["synthetic500_modality_lengths"]
    for case in told["functions"]:
        lengths, shape = known[case["lengths"]], (case["batch_size"], case["world_size"])
        generators = [torch.Generator().manual_seed(case["seed"]) for _ in range(2)]
        assert modality_order(lengths, *shape, generators[0]) == case["modality_grouped"]
        assert length_order(list(map(abs, lengths)), *shape, generators[1]) == case["length_grouped_abs"]


def test_no_step_mixes_modalities_but_the_last() -> None:
    order = modality_order(LENGTHS, 2, 1, torch.Generator().manual_seed(1))
    assert sorted(order) == list(range(len(LENGTHS)))
    steps = [order[start : start + 2] for start in range(0, 6, 2)]
    assert all((LENGTHS[first] > 0) == (LENGTHS[second] > 0) for first, second in steps)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    sampler = SeededSampler(len(LENGTHS), 3, LENGTHS, rows=2)
    first = list(sampler)
    torch.manual_seed(99)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert sorted(sampler) == sorted(first) and list(sampler) != first
