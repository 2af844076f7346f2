"""Models in the original's layout become LLaVAs of transformers, and go back byte by byte."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration

from pipeline_lib.checkpoints import shards
from pipeline_lib.checkpoints.tensors import tensors_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.families.llava.layouts.export import export_as as export
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import read_card
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.models.opening import open_vlm
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import WeightsInputs
from tests.checkpoints.making import (
    VOCABULARY,
    Tensors,
    files_in,
    llava_of,
    make_clip,
    make_original,
    original_config,
    original_tensors,
)

LLAVA = pretrained.Settings(kind="pretrained", holds="vlm", template="vicuna_v1")


def convert(folder: Path, clip: Path | None, out: Path, settings: pretrained.Settings = LLAVA) -> Path:
    pretrained.make(settings, WeightsInputs(files=files_in(folder), tower=clip), 0, out)
    return out


def logits(model: LlavaForConditionalGeneration, image_token: int) -> torch.Tensor:
    """Return the logits of a prompt with an image, over the tokens that the language model has."""
    generator = torch.Generator().manual_seed(3)
    words = torch.randint(10, VOCABULARY, (1, 9), generator=generator)
    ids = torch.cat([words[:, :3], torch.full((1, 4), image_token), words[:, 3:]], dim=1)
    with torch.inference_mode():
        pixels = torch.randn(1, 3, 32, 32, generator=generator)
        found: torch.Tensor = model.eval()(input_ids=ids, pixel_values=pixels).logits[..., :VOCABULARY]
    return found


@pytest.mark.parametrize("family", ["llama", "mistral"])
@pytest.mark.parametrize("shards", [0, 3])
def test_an_original_model_says_in_transformers_what_it_said(
    clip: Path, tmp_path: Path, family: str, shards: int
) -> None:
    model = llava_of(clip, family)
    folder = make_original(tmp_path / "theirs", original_tensors(model), original_config(family), shards)
    out = convert(folder, clip, tmp_path / "ours")
    plain, told = LlavaForConditionalGeneration.from_pretrained(out, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    assert plain.config.text_config.model_type == family and plain.lm_head.weight.shape[0] == 320
    assert plain.config.text_config.rope_parameters["rope_theta"] == (1e6 if family == "mistral" else 1e4)
    assert torch.equal(logits(plain, VOCABULARY), logits(model, 7))
    assert (read_card(out).template, read_card(out).image_shape) == ("vicuna_v1", "pad")
    llava = load_llava(out)
    assert llava.tokenizer.convert_tokens_to_ids("<image>") == plain.config.image_token_id == VOCABULARY
    assert llava.tokenizer.pad_token_id == VOCABULARY + 1


def test_new_rows_are_the_mean_of_the_others_and_the_names_are_the_hubs(
    original: Path, clip: Path, tmp_path: Path
) -> None:
    theirs = load_file(original / "model.safetensors")
    ours = load_file(convert(original, clip, tmp_path / "ours") / "model.safetensors")
    assert all(name.startswith(("language_model.", "vision_tower.vision_model.", "multi_modal_p")) for name in ours)
    table = ours["language_model.model.embed_tokens.weight"]
    assert torch.equal(table[:VOCABULARY], theirs["model.embed_tokens.weight"])
    assert torch.equal(table[VOCABULARY:], theirs["model.embed_tokens.weight"].mean(0).expand(20, -1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("with_tower", [True, False])
def test_a_round_trip_gives_every_byte_back(
    clip: Path, tmp_path: Path, dtype: torch.dtype, with_tower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 20_000)
    tensors = {name: tensor.to(dtype) for name, tensor in original_tensors(llava_of(clip)).items()}
    tensors = {name: tensor for name, tensor in tensors.items() if with_tower or "vision_tower" not in name}
    kind = str(dtype).removeprefix("torch.")
    folder = make_original(tmp_path / "theirs", tensors, original_config(torch_dtype=kind), shards=2)
    ours = convert(folder, clip, tmp_path / "ours")
    export(ours, tmp_path / "back", "original", ExportOptions())
    back = dict(tensors_of(files_in(tmp_path / "back")))
    assert_same(back, tensors)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert read_json(tmp_path / "back" / name) == read_json(folder / name)
    assert LlavaForConditionalGeneration.from_pretrained(ours).dtype == dtype
    again = convert(tmp_path / "back", clip, tmp_path / "again")
    assert_same(dict(tensors_of(files_in(again))), dict(tensors_of(files_in(ours))))


def assert_same(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def test_an_exported_model_in_the_hubs_layout_loads_everywhere(original: Path, clip: Path, tmp_path: Path) -> None:
    trained = load_llava(convert(original, clip, tmp_path / "ours"))
    made = LlavaForConditionalGeneration(trained.model.config)  # as a model composed here: without `vision_model`
    made.load_state_dict(trained.model.state_dict())
    trained.model = made
    trained.save(tmp_path / "trained")
    assert not any("vision_model" in name for name in load_file(tmp_path / "trained/model.safetensors"))
    export(tmp_path / "trained", tmp_path / "hub", "hub", ExportOptions())
    assert_same(load_file(tmp_path / "hub/model.safetensors"), load_file(tmp_path / "ours/model.safetensors"))
    plain = LlavaForConditionalGeneration.from_pretrained(tmp_path / "hub")
    assert torch.equal(logits(plain, VOCABULARY), logits(trained.model, VOCABULARY))
    convert(tmp_path / "hub", None, tmp_path / "back")
    assert read_card(tmp_path / "back") == read_card(tmp_path / "ours")


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_a_trained_model_goes_to_the_original_with_the_tower_that_it_names(
    clip: Path, tmp_path: Path, family: str
) -> None:
    original = make_original(tmp_path / "theirs", original_tensors(llava_of(clip, family)), original_config(family))
    load_llava(convert(original, clip, tmp_path / "ours")).save(tmp_path / "trained")
    with pytest.raises(PipelineError, match="names the CLIP model"):
        export(tmp_path / "trained", tmp_path / "back", "original", ExportOptions())
    with pytest.raises(PipelineError, match="nothing shows that this tower is that one"):
        export(tmp_path / "trained", tmp_path / "back", "original", ExportOptions(tower="some/clip"))
    assert not (tmp_path / "back").exists()
    export(tmp_path / "trained", tmp_path / "back", "original", ExportOptions(tower="some/clip", clip=clip))
    assert_same(load_file(tmp_path / "back/model.safetensors"), load_file(original / "model.safetensors"))
    told, theirs = read_json(tmp_path / "back/config.json"), read_json(original / "config.json")
    assert {key: told[key] for key in theirs} == theirs
    convert(tmp_path / "back", clip, tmp_path / "again")
    assert_same(load_file(tmp_path / "again/model.safetensors"), load_file(tmp_path / "ours/model.safetensors"))


def test_another_tower_is_not_given_to_the_original_unnoticed(original: Path, clip: Path, tmp_path: Path) -> None:
    llava = load_llava(convert(original, clip, tmp_path / "ours"))
    with torch.no_grad():
        llava.model.model.vision_tower.embeddings.class_embedding += 1
    llava.save(tmp_path / "tuned")
    options = ExportOptions(tower="some/clip", clip=clip)
    with pytest.raises(PipelineError, match=r"(?s)would take the tower of some/clip.*--unfreeze.*--as clip"):
        export(tmp_path / "tuned", tmp_path / "back", "original", options)
    export(tmp_path / "tuned", tmp_path / "inside", "original", ExportOptions(tower="some/clip", unfreeze=True))
    assert read_json(tmp_path / "inside/config.json")["unfreeze_mm_vision_tower"] is True
    export(tmp_path / "tuned", tmp_path / "tower", "clip", ExportOptions())
    beside = ExportOptions(tower=str(tmp_path / "tower"), clip=tmp_path / "tower")
    export(tmp_path / "tuned", tmp_path / "beside", "original", beside)
    assert read_json(tmp_path / "beside/config.json")["mm_vision_tower"] == str(tmp_path / "tower")
    again = load_llava(convert(tmp_path / "inside", clip, tmp_path / "again"))
    assert torch.equal(logits(again.model, VOCABULARY), logits(llava.model, VOCABULARY))
    export(tmp_path / "again", tmp_path / "inside-again", "original", ExportOptions())
    assert read_json(tmp_path / "inside-again/config.json") == read_json(tmp_path / "inside/config.json")


@pytest.mark.parametrize(("held", "recorded"), [("equal", "equal"), ("other", "different"), ("none", "none")])
def test_the_tower_is_the_named_one_as_in_the_original(
    original: Path, clip: Path, tmp_path: Path, held: str, recorded: str
) -> None:
    tensors = load_file(original / "model.safetensors")
    if held == "none":
        tensors = {name: tensor for name, tensor in tensors.items() if "vision_tower" not in name}
    if held == "other":
        tensors = {name: torch.zeros_like(t) if "vision_tower" in name else t for name, t in tensors.items()}
    folder = make_original(tmp_path / "theirs", tensors, original_config())
    out = convert(folder, clip, tmp_path / "ours")
    told = read_json(out / "conversion.json")["tower"]
    assert (told["source"], told["held"], told["named"]) == ("named", recorded, "some/clip")
    named = load_file(clip / "model.safetensors")["vision_model.embeddings.class_embedding"]
    ours = load_file(out / "model.safetensors")["vision_tower.vision_model.embeddings.class_embedding"]
    assert torch.equal(ours, named)


def test_a_tower_that_was_trained_is_read_from_the_checkpoint(original: Path, clip: Path, tmp_path: Path) -> None:
    tensors = load_file(original / "model.safetensors")
    name = "model.vision_tower.vision_tower.vision_model.embeddings.class_embedding"
    tensors[name] = tensors[name] + 1
    config = original_config(unfreeze_mm_vision_tower=True)
    out = convert(make_original(tmp_path / "theirs", tensors, config), clip, tmp_path / "ours")
    assert read_json(out / "conversion.json")["tower"]["source"] == "checkpoint"
    assert torch.equal(load_file(out / "model.safetensors")[f"vision_{name.split('.vision_', 2)[2]}"], tensors[name])
    without = {name: tensor for name, tensor in tensors.items() if "vision_tower" not in name}
    bare = make_original(tmp_path / "bare", without, config)
    with pytest.raises(PipelineError, match="its files hold none"):
        convert(bare, clip, tmp_path / "never")


def test_what_older_versions_wrote_and_newer_compute_is_dropped_and_told(
    original: Path, clip: Path, tmp_path: Path
) -> None:
    tensors = load_file(original / "model.safetensors")
    old = {
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4),
        "model.vision_tower.vision_tower.vision_model.embeddings.position_ids": torch.arange(5)[None],
    }
    out = convert(make_original(tmp_path / "theirs", {**tensors, **old}, original_config()), clip, tmp_path / "ours")
    assert read_json(out / "conversion.json")["dropped"] == sorted(old)
    assert (
        load_file(out / "model.safetensors").keys()
        == load_file(convert(original, clip, tmp_path / "plain") / "model.safetensors").keys()
    )


def test_a_clip_model_goes_out_as_it_came(clip: Path, original: Path, tmp_path: Path) -> None:
    pretrained.make(
        pretrained.Settings(kind="pretrained", holds="clip"), WeightsInputs(files=files_in(clip)), 0, tmp_path / "clip"
    )
    export(tmp_path / "clip", tmp_path / "out", "clip", ExportOptions())
    assert_same(load_file(tmp_path / "out/model.safetensors"), load_file(clip / "model.safetensors"))
    assert read_json(tmp_path / "out/preprocessor_config.json")["size"] == 32
    convert(original, clip, tmp_path / "ours")
    export(tmp_path / "ours", tmp_path / "whole", "clip", ExportOptions(clip=clip))
    assert_same(load_file(tmp_path / "whole/model.safetensors"), load_file(clip / "model.safetensors"))
    export(tmp_path / "ours", tmp_path / "half", "clip", ExportOptions())
    half = load_file(tmp_path / "half/model.safetensors")
    assert half and all(name.startswith("vision_model.") for name in half)
    settings = pretrained.Settings(kind="pretrained", holds="clip")
    pretrained.make(settings, WeightsInputs(files=files_in(tmp_path / "half")), 0, tmp_path / "tower")
    convert(original, tmp_path / "tower", tmp_path / "again")
    assert_same(load_file(tmp_path / "again/model.safetensors"), load_file(tmp_path / "ours/model.safetensors"))


def test_a_tuned_tower_is_put_into_a_llava_and_one_of_another_shape_is_not(
    original: Path, clip: Path, tmp_path: Path
) -> None:
    base, tuned = convert(original, clip, tmp_path / "ours"), make_clip(tmp_path / "tuned", seed=2)
    found = open_vlm(Base(base, tower=tuned), read_card(base), 0).model.model.vision_tower.state_dict()
    wanted = load_file(tuned / "model.safetensors")
    assert all(torch.equal(tensor, wanted[f"vision_model.{name}"]) for name, tensor in found.items())
    told = read_json(tuned / "config.json")
    told["vision_config"]["hidden_act"] = "gelu"  # every tensor fits, and every feature would be another
    (tuned / "config.json").write_text(json.dumps(told))
    with pytest.raises(PipelineError, match=r"hidden_act.*gelu, the LLaVA has quick_gelu"):
        open_vlm(Base(base, tower=tuned), read_card(base), 0)


def test_a_folders_name_says_nothing(original: Path, clip: Path, tmp_path: Path) -> None:
    misleading = tmp_path / "vicuna-lora-mpt"
    make_original(
        misleading, load_file(original / "model.safetensors"), json.loads((original / "config.json").read_text())
    )
    first = convert(misleading, clip, tmp_path / "a")
    assert_same(
        load_file(first / "model.safetensors"), load_file(convert(original, clip, tmp_path / "b") / "model.safetensors")
    )


def test_another_clip_of_another_shape_is_refused(original: Path, tmp_path: Path) -> None:
    other = make_clip(tmp_path / "clip", seed=2)
    tensors = load_file(other / "model.safetensors")
    tensors.pop("vision_model.embeddings.class_embedding")
    save_file(tensors, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(PipelineError, match=r"(?s)missing.*model\.vision_tower\.embeddings\.class_embedding"):
        convert(original, other, tmp_path / "never")
