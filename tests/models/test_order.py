"""The order of rows by modality and length, held against orders that the original code gave."""

import json
from pathlib import Path

import torch
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.training.length_groups import length_order, modality_order, text_lengths
from pipeline_lib.training.original_order import OriginalSampler
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


def test_the_faithful_order_is_the_one_that_the_original_drew(golden: Path) -> None:
    told = json.loads((golden / "train" / "sampler.json").read_text())
    lengths = told["finetune64"]["modality_lengths"]
    for case, how in (("group_on", (4, 1)), ("accum2", (2, 2)), ("two_epochs", (4, 1))):
        sampler = OriginalSampler(64, 42, lengths, *how, processes=1)
        assert epochs(sampler, len(told[f"derivation_{case}"]["order"]) // 64) == told[f"derivation_{case}"]["order"]
    random = OriginalSampler(64, 42, None, 4, 1, processes=1)
    assert epochs(random, 1) == told["derivation_group_off"]["order"]


def test_the_faithful_order_of_several_processes_is_that_of_the_original(golden: Path) -> None:
    told = json.loads((golden / "train" / "sampler.json").read_text())
    orders = told["multi_process_simulated"]["orders"]
    for grouped in (True, False):
        for seed in (42, 7):
            for processes in (2, 4):
                given = told["finetune64"]["modality_lengths"] if grouped else None
                sampler = OriginalSampler(64, seed, given, 4, processes, processes)
                batches = BatchSampler(sampler, 4, drop_last=False)
                shares = [list(BatchSamplerShard(batches, processes, number)) for number in range(processes)]
                assert shares == orders.pop(f"group={grouped},seed={seed},world={processes}")
    assert list(orders) == ["default_generator_seed"]


def test_the_faithful_order_of_an_epoch_needs_no_earlier_one() -> None:
    straight, later = (OriginalSampler(len(LENGTHS), 3, LENGTHS, 2, 1, processes=1) for _ in range(2))
    both = epochs(straight, 2)
    later.set_epoch(1)
    torch.manual_seed(99)
    assert list(later) == both[len(LENGTHS) :] != both[: len(LENGTHS)]


def epochs(sampler: OriginalSampler, count: int) -> list[int]:
    """Return the orders of the first epochs, one after the other."""
    found: list[int] = []
    for epoch in range(count):
        sampler.set_epoch(epoch)
        found += sampler
    return found


def test_by_length_alone_the_passes_of_a_step_have_about_as_much_text() -> None:
    texts = ["数" * count if count % 2 else "digit " * count for count in range(1, 49)]
    rows = [
        Conversation(number, "", None if number % 3 else "a.jpg", None, [{"from": "human", "value": text}])
        for number, text in enumerate(texts)
    ]
    lengths = text_lengths(rows)
    assert lengths[0] == 3 and lengths[1] == 12
    order = list(SeededSampler(len(rows), 3, lengths, rows=2, shares=4))
    assert sorted(order) == list(range(len(rows)))
    for step in (order[start : start + 8] for start in range(0, len(order), 8)):
        passes = [sum(lengths[row] for row in step[start : start + 2]) for start in range(0, 8, 2)]
        assert max(passes) - min(passes) <= max(lengths[row] for row in step)
