"""Layouts of InternVL: the original's files are taken and written again, with every tensor accounted for."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoTokenizer, GotOcr2ImageProcessorPil

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, ModelKind, read_card
from pipeline_lib.models.family import Vlm, load_family
from pipeline_lib.models.layouts import ExportOptions, Layout
from pipeline_lib.models.opening import load_vlm, open_tokens, open_vlm
from pipeline_lib.training.settings import WeightsSettings
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import pretrained
from pipeline_lib.weights import projector as random_projector
from pipeline_lib.weights.base import WeightsInputs
from tests.models.internvl import CARD, small_internvl, write_tensors

FAMILY = load_family("internvl")
QKV = "vision_model.encoder.layers.0.attn.qkv.weight"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a random InternVL (`v1`, `v2`), its language model, its tower, and the original's files."""
    root = tmp_path_factory.mktemp("internvl")
    for version in ("v1", "v2"):
        small_internvl(root / f"parts {version}", version).save(root / version)
    FAMILY.export(root / "v1", root / "original", "original", ExportOptions())
    config = root / "original" / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "auto_map": {"AutoModel": "modeling_internvl_chat.InternVLChatModel"}}))
    return root


def files_of(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir() if path.is_file()}


def taken(files: dict[str, Path], folder: Path, holds: ModelKind = "vlm") -> Path:
    """Take files as the stage `weights` does, and return the new folder."""
    template = "hermes_2" if holds == "vlm" else None
    make = pretrained.Settings(kind="pretrained", holds=holds, family="internvl", template=template)
    make_weights(WeightsSettings(make=make, seed=0, threads=1), WeightsInputs(files=files), folder)
    return folder


def exported(model: Path, target: Path, layout: Layout) -> Path:
    FAMILY.export(model, target, layout, ExportOptions())
    return target


def same(first: Vlm, second: Vlm) -> bool:
    """Return whether two models have equal tensors and give equal logits."""
    mine, other = first.model.state_dict(), second.model.state_dict()
    probe = FAMILY.probe(first, 0)
    with torch.inference_mode():
        logits = [vlm.model.eval()(**probe).logits for vlm in (first, second)]
    return mine.keys() == other.keys() and all(map(torch.equal, mine.values(), other.values())) and torch.equal(*logits)


def test_the_originals_files_come_back_byte_by_byte(parts: Path, tmp_path: Path) -> None:
    model = taken(files_of(parts / "original"), tmp_path / "taken")
    assert read_card(model) == CARD.model_copy(update={"pixel_shuffle": "v1", "image_shape": None})
    assert same(load_vlm(model), load_vlm(parts / "v1"))
    again = exported(model, tmp_path / "again", "original")
    before, after = (load_file(folder / "model.safetensors") for folder in (parts / "original", again))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert QKV in after and "mlp1.3.bias" in after and "language_model.lm_head.weight" in after
    assert json.loads((again / "config.json").read_text())["ps_version"] == "v1"


def test_tokens_of_a_taken_model_are_those_of_the_composed_one(parts: Path, tmp_path: Path) -> None:
    model = taken(files_of(parts / "original"), tmp_path / "taken")
    vocabularies = [open_tokens(folder, None).tokenizer.get_vocab() for folder in (model, parts / "v1")]
    assert vocabularies[0] == vocabularies[1]
    end = load_vlm(model).model.generation_config.eos_token_id
    assert end == vocabularies[0]["<|im_end|>"]


def test_plain_transformers_reads_the_hubs_layout_of_version_2(parts: Path, tmp_path: Path) -> None:
    hub = exported(parts / "v2", tmp_path / "hub", "hub")
    plain = AutoModelForImageTextToText.from_pretrained(hub, dtype="float32").eval()
    vlm = load_vlm(parts / "v2")
    probe = FAMILY.probe(vlm, 0)
    with torch.inference_mode():
        assert torch.equal(plain(**probe).logits, vlm.model.eval()(**probe).logits)
    assert GotOcr2ImageProcessorPil.from_pretrained(hub).size == {"height": 28, "width": 28}
    tokenizer = AutoTokenizer.from_pretrained(hub)
    assert tokenizer.get_vocab() == vlm.tokens.tokenizer.get_vocab()
    shown = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}]
    text = tokenizer.apply_chat_template(shown, tokenize=False, add_generation_prompt=True)
    assert text.endswith("<|im_start|>user\n<img><IMG_CONTEXT></img>\nWhat?<|im_end|><|im_start|>assistant\n")
    assert text.startswith("<|im_start|>system\n")
    assert same(load_vlm(taken(files_of(hub), tmp_path / "taken")), vlm)


def test_version_1_is_not_exported_to_the_hubs_layout(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)every image transposed.*pixel_shuffle: v1.*--as original"):
        exported(parts / "v1", tmp_path / "hub", "hub")
    assert not (tmp_path / "hub").exists()


def test_a_checkpoint_of_this_project_is_taken_with_its_version(parts: Path, tmp_path: Path) -> None:
    assert read_card(taken(files_of(parts / "v1"), tmp_path / "taken")).pixel_shuffle == "v1"


def test_an_original_that_names_no_version_has_the_first(parts: Path, tmp_path: Path) -> None:
    files, config = files_of(parts / "original"), json.loads((parts / "original" / "config.json").read_text())
    del config["ps_version"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert (
        read_card(taken({**files, "config.json": tmp_path / "config.json"}, tmp_path / "taken")).pixel_shuffle == "v1"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ps_version": "v3"}, "no InternVL has this pixel shuffle"),
        ({"dynamic_image_size": True}, "one tile an image"),
        ({"select_layer": -2}, "the tower's last layer"),
        ({"use_llm_lora": 16}, "a language model without an adapter"),
        ({"llm_config": {"architectures": ["InternLM2ForCausalLM"]}}, "is no Llama"),
        ({"force_image_size": 448}, "another size than its tower has positions for"),
        ({"template": "internlm2-chat"}, "for another template than hermes_2"),
    ],
)
def test_what_transformers_cannot_express_is_refused(
    change: dict[str, Any], message: str, parts: Path, tmp_path: Path
) -> None:
    config = {**json.loads((parts / "original" / "config.json").read_text()), **change}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(PipelineError, match=message):
        taken({**files_of(parts / "original"), "config.json": tmp_path / "config.json"}, tmp_path / "taken")


@pytest.mark.parametrize(
    ("name", "message"), [(QKV, "missing"), ("mlp1.0.weight", "missing"), (None, "do not belong to an InternVL")]
)
def test_missing_and_unknown_tensors_are_refused(name: str | None, message: str, parts: Path, tmp_path: Path) -> None:
    tensors = load_file(parts / "original" / "model.safetensors")
    tensors = {**tensors, "qllama.weight": torch.ones(1)} if name is None else tensors
    path = tmp_path / "model.safetensors"
    save_file({each: tensor for each, tensor in tensors.items() if each != name}, path, metadata={"format": "pt"})
    with pytest.raises(PipelineError, match=message):
        taken({**files_of(parts / "original"), "model.safetensors": path}, tmp_path / "taken")


def test_other_files_than_the_study_states_are_refused(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="these files hold no vision of an InternVL"):
        taken(files_of(parts / "original"), tmp_path / "taken", "vision")


def test_published_parts_are_composed_to_the_model(parts: Path, tmp_path: Path) -> None:
    """The tower and the projector as the original publishes them, and the language model."""
    tensors = load_file(parts / "original" / "model.safetensors")
    config = json.loads((parts / "original" / "config.json").read_text())["vision_config"]
    tower = {name.removeprefix("vision_model."): value for name, value in tensors.items() if "vision_model." in name}
    projector = {name.removeprefix("mlp1."): value for name, value in tensors.items() if name.startswith("mlp1.")}
    torch.save(projector, tmp_path / "projector.pth")
    base = Base(
        taken(files_of(parts / "parts v1" / "language"), tmp_path / "language", "language"),
        taken(write_tensors(tower, config, tmp_path / "vit"), tmp_path / "tower", "vision"),
        taken({"projector.pth": tmp_path / "projector.pth"}, tmp_path / "projector", "projector"),
    )
    whole = open_vlm(base, CARD.model_copy(update={"pixel_shuffle": "v1"}), seed=1)
    assert same(whole, load_vlm(parts / "v1"))
    assert open_tokens(base.start, base.tower).tokenizer.get_vocab() == whole.tokens.tokenizer.get_vocab()
    drawn = open_vlm(Base(base.start, base.tower), CARD, seed=1, draws_projector=True)
    assert drawn.card.pixel_shuffle == "v2" and not same(whole, drawn)


def test_a_projector_with_other_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"0.weight": torch.ones(4)}, tmp_path / "projector.pth")
    with pytest.raises(PipelineError, match="not the tensors of an InternVL's projector"):
        taken({"projector.pth": tmp_path / "projector.pth"}, tmp_path / "taken", "projector")


def test_a_random_projector_fits(parts: Path, tmp_path: Path) -> None:
    make = random_projector.Settings(kind="projector", family="internvl", vision=24, language=32)
    make_weights(WeightsSettings(make=make, seed=3, threads=1), WeightsInputs(), tmp_path / "projector")
    base = Base(parts / "v1", projector=tmp_path / "projector")
    assert not same(open_vlm(base, CARD, seed=0), load_vlm(parts / "v1"))


def test_a_tower_of_the_same_shape_replaces_a_models_own(parts: Path, tmp_path: Path, tower: Path) -> None:
    vlm = load_vlm(parts / "v1")
    other = parts / "parts v1" / "tower"
    vlm.model.model.vision_tower.embeddings.cls_token.data.add_(1)
    vlm.put_tower(other)
    assert same(vlm, load_vlm(parts / "v1"))
    with pytest.raises(PipelineError, match="expected a checkpoint of kind vision"):
        vlm.put_tower(tower)
    config = json.loads((other / "config.json").read_text())
    files = write_tensors(load_file(other / "model.safetensors"), {**config, "layer_norm_eps": 1e-5}, tmp_path / "eps")
    (tmp_path / "eps" / "vlmflow.json").write_text(Card(kind="vision", family="internvl").model_dump_json())
    assert files
    with pytest.raises(PipelineError, match="does not have the shape"):
        vlm.put_tower(tmp_path / "eps")


def test_only_whole_models_are_exported(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="only a whole model can be exported"):
        exported(parts / "parts v1" / "tower", tmp_path / "out", "original")
    with pytest.raises(PipelineError, match="only a whole model can be exported"):
        exported(parts / "v1", tmp_path / "out", "clip")


def test_files_that_are_not_read_are_named(parts: Path) -> None:
    files = {**files_of(parts / "original"), "second.bin": parts / "second.bin"}
    assert FAMILY.unused_files(files, "vlm") == ["second.bin"]
