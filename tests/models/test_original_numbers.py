"""Features, merged embeddings, logits and losses, held against what the original code computed.

The original puts an image's features in the place of one id; here as many ids stand for them from the start. The
original also drops every `<unk>` of a training row, because it takes it for padding: rows here are given without them.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.families.llava.model import Llava
from pipeline_lib.families.llava.truncation import ImageTokens, Row, cut_as_original
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.adapter import apply_adapter
from pipeline_lib.models.base import Base
from pipeline_lib.models.family import load_family
from pipeline_lib.models.opening import open_vlm
from pipeline_lib.recipes import full
from pipeline_lib.training.task import TrainingInputs
from tests.models.conftest import CARD
from tests.models.original import IGNORED, MARK, WORDS, Converted, Opened, Tensors, conversations
from tests.numbers import distance
from tests.sample import columns, each_model

FEATURES, LOGITS, LOSS = 2e-6, 1e-5, 1e-6  # largest differences, as shares of the largest number recorded
UNKNOWN = 0
CUT = "batch_truncate_40"  # through an image, of which the original leaves a part


@pytest.fixture(scope="module")
def llava(original: Opened) -> Llava:
    return original("llava-tiny")


def case_of(tensors: Tensors, name: str) -> tuple[Tensors, Tensors]:
    """Return what went into a case of the recording and what came out."""
    return tuple(
        {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
        for start in (f"{name}.in.", f"{name}.out.")
    )  # type: ignore[return-value]


def batch_of(given: Tensors, llava: Llava, length: int = 2048) -> Tensors:
    """Return the batch that a case's rows are here; images are dealt as the original deals them."""
    ids, image = given["input_ids"], ImageTokens(llava.model.config.image_token_id, 16)
    images = given.get("images", torch.zeros(0, 3, 56, 56)).reshape(-1, 3, 56, 56)
    labels, masks = given.get("labels", torch.full_like(ids, IGNORED)), given.get("attention_mask", ids != UNKNOWN)
    examples, pixels, shown = [], [], 0
    for row in zip(ids, labels, masks, strict=True):
        merged = expanded(*(values[row[2]].tolist() for values in row[:2]), image)
        kept = cut_as_original(*merged, length, image, UNKNOWN)
        count = kept[0].count(image.token) // image.width
        pixels.append(images[shown : shown + count])
        shown += max(1, int((row[0] == MARK).sum()))
        examples.append(dict(zip(("input_ids", "labels"), kept, strict=True)))
    batch = llava.collate(examples, "right")
    return {**batch, "pixel_values": torch.cat(pixels)} if sum(map(len, pixels)) else batch


def expanded(ids: list[int], labels: list[int], image: ImageTokens) -> Row:
    """Return a row of the original with all tokens of its images."""
    counts = [image.width if token == MARK else 1 for token in ids]
    own = [image.token if token == MARK else token for token in ids]
    return tuple([value for value, n in zip(values, counts, strict=True) for _ in range(n)] for values in (own, labels))


@torch.inference_mode()
def run(llava: Llava, batch: Tensors) -> tuple[Tensors, Any]:
    """Return what the language model is given for a batch, and the model's output."""
    seen: Tensors = {}

    def note(module: torch.nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        seen.update({name: value for name, value in keywords.items() if isinstance(value, torch.Tensor)})

    def note_positions(module: torch.nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        seen["position_ids"] = keywords["position_ids"]

    language = llava.model.model.language_model
    hooks = [
        language.register_forward_pre_hook(note, with_kwargs=True),
        language.rotary_emb.register_forward_pre_hook(note_positions, with_kwargs=True),
    ]
    output = llava.model(**batch)
    for hook in hooks:
        hook.remove()
    return seen, output


def test_features_are_those_of_the_original(golden: Path, llava: Llava) -> None:
    told = load_file(golden / "model" / "features.safetensors")
    with torch.inference_mode():
        found = llava.model.get_image_features(pixel_values=told["pixels"], output_hidden_states=True)
    tower = found.hidden_states[-2][:, 1:]
    projected = torch.stack(list(found.pooler_output))
    for features, name in ((tower, "vision_tower_out"), (projected, "projector_out")):
        assert distance(columns(features, told[name]), told[name]) < FEATURES


@pytest.mark.parametrize(("file", "count"), [("merge", 11), ("merge_edge", 2)])
def test_merged_rows_are_those_of_the_original(golden: Path, llava: Llava, file: str, count: int) -> None:
    tensors = load_file(golden / "model" / f"{file}.safetensors")
    names = [name.removesuffix(".out.inputs_embeds") for name in tensors if name.endswith(".out.inputs_embeds")]
    assert len(names) == count
    for name in names:
        given, told = case_of(tensors, name)
        batch = batch_of(given, llava, told["inputs_embeds"].shape[1])
        seen, _ = run(llava, batch)
        masks = told.get("attention_mask", torch.ones(told["inputs_embeds"].shape[:2])).bool()
        for row, mask in enumerate(masks):
            length = int(batch["attention_mask"][row].sum())
            assert length == mask.sum() or (name == CUT and length < mask.sum() == 40)
            embedded = told["inputs_embeds"][row][mask][:length]
            assert distance(columns(seen["inputs_embeds"][row, :length], embedded), embedded) < FEATURES
            if "labels" in told:
                assert torch.equal(batch["labels"][row, :length], told["labels"][row][mask][:length])
                assert set(told["labels"][row][mask][length:].tolist()) <= {IGNORED}
            if "position_ids" in told:
                assert torch.equal(seen["position_ids"][0, :length], told["position_ids"][row][mask])


def test_logits_are_those_of_the_original(golden: Path, llava: Llava) -> None:
    told = load_file(golden / "model" / "logits.safetensors")
    cases = load_file(golden / "model" / "merge.safetensors")
    assert len(told) == 5
    for name, logits in told.items():
        given, merged = case_of(cases, name.removesuffix(".logits"))
        batch = batch_of(given, llava)
        mask = merged.get("attention_mask", torch.ones(logits.shape[:2])).bool()
        kept = batch["attention_mask"].bool()
        assert kept.sum(1).tolist() == mask.sum(1).tolist()
        _, found = run(llava, batch)
        assert distance(columns(found.logits[kept][:, :WORDS], logits), logits[mask]) < LOGITS


def test_prompts_padded_on_the_left_give_the_same_logits(golden: Path, llava: Llava) -> None:
    told = load_file(golden / "model" / "logits.safetensors")["batch_left_config.logits"]
    given, merged = case_of(load_file(golden / "model" / "merge.safetensors"), "batch_left_config")
    batch = batch_of(given, llava)
    missing = (batch["attention_mask"] == 0).sum(1).tolist()
    left = {
        name: torch.stack([row.roll(count) for row, count in zip(batch[name], missing, strict=True)])
        for name in ("input_ids", "attention_mask")
    }
    assert torch.equal(left["attention_mask"].bool(), merged["attention_mask"])
    _, found = run(llava, {**left, "pixel_values": batch["pixel_values"]})
    expected = told[merged["attention_mask"]]
    assert distance(columns(found.logits[merged["attention_mask"]][:, :WORDS], expected), expected) < LOGITS


def test_losses_of_the_recorded_cases_are_those_of_the_original(golden: Path, llava: Llava) -> None:
    told = json.loads((golden / "model" / "merge_and_loss.json").read_text())["cases"]
    told |= json.loads((golden / "model" / "merge_edge.json").read_text())
    tensors = {
        name: value
        for file in ("merge", "merge_edge")
        for name, value in load_file(golden / "model" / f"{file}.safetensors").items()
    }
    finite = {name: case["loss"] for name, case in told.items() if math.isfinite(case.get("loss", math.nan))}
    assert len(finite) == 5
    for name, loss in finite.items():
        _, found = run(llava, batch_of(case_of(tensors, name)[0], llava))
        assert distance(float(found.loss), loss) < LOSS, name


@pytest.mark.parametrize("as_original", [True, False])
def test_losses_of_rows_are_those_of_the_original(
    golden: Path, llava: Llava, converted: Converted, pictures: ImageReader, as_original: bool
) -> None:
    told = json.loads((golden / "model" / "merge_and_loss.json").read_text())
    recipe = full.Settings(
        name="full", steps=1, batch_size=1, learning_rate=1.0, clip_norm=0.0, as_original=as_original
    )
    rows = conversations(golden, "finetune64", pictures)
    task = full.prepare(recipe, TrainingInputs(Base(converted("llava-tiny")), rows, pictures, seed=0))
    losses = [(batch["samples"], batch["loss"]) for batch in told["finetune64_batch4"]]
    losses += [([number], loss) for number, loss in enumerate(told["finetune64_batch1"])]
    assert len(losses) == 16 + 64
    for samples, loss in losses:
        _, found = run(llava, task.collate([task.examples[number] for number in samples]))
        assert distance(float(found.loss), loss) < LOSS, samples


CHECKPOINTS = {  # models, and the names of their logits
    "llava-tiny": "llava_tiny",
    "llava-tiny-bin16": "bin16_loaded_fp32",
    "llava-tiny-pretrain": "projector_only",
    "llava-tiny-finetune": "finetune",
    "llava-tiny-lora": "lora_unmerged_dir",
    "llava-tiny-merged-fp32": "merged_fp32",
    "llava-tiny-merged-fp16-official": "merged_fp16_loaded_fp32",
}


@pytest.mark.parametrize(("golden", "name"), each_model(CHECKPOINTS), indirect=["golden"], scope="session")
def test_every_checkpoint_says_what_it_said_to_the_original(golden: Path, original: Opened, name: str) -> None:
    told = load_file(golden / "model" / "checkpoint_logits.safetensors")
    result, llava = CHECKPOINTS[name], original(name)
    given, _ = case_of(load_file(golden / "model" / "merge.safetensors"), "single_nomask")
    _, found = run(llava, batch_of(given, llava))
    logits = found.logits[0, :, :WORDS]
    assert distance(columns(logits[-1], told[result]), told[result]) < LOGITS
    assert torch.equal(logits.argmax(-1), told[f"{result}.argmax_all"])


def test_an_adapter_on_its_base_says_what_it_said_to_the_original(golden: Path, converted: Converted) -> None:
    told = load_file(golden / "model" / "checkpoint_logits.safetensors")["lora_unmerged_dir"]
    adapter = converted("llava-tiny-lora").with_name("llava-tiny-lora.alone")
    llava = open_vlm(
        Base(adapter.with_name("vicuna-tiny"), adapter.with_name("clip-tiny")), CARD, seed=0, draws_projector=True
    )
    adapted = apply_adapter(llava.model, load_family("llava"), adapter).eval()
    given, _ = case_of(load_file(golden / "model" / "merge.safetensors"), "single_nomask")
    with torch.inference_mode():
        logits = adapted(**batch_of(given, llava)).logits[0, -1, :WORDS]
    assert distance(columns(logits, told), told) < LOGITS
