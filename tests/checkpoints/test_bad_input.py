"""Checkpoints that cannot be right are refused, and the error names what is wrong and where."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import WeightsInputs
from tests.checkpoints.making import files_in, make_original, original_config

LLAVA = pretrained.Settings(kind="pretrained", holds="vlm", template="vicuna_v1")


@pytest.fixture()
def sharded(original: Path, tmp_path: Path) -> Path:
    """Return an own copy of the original model in three shards."""
    return make_original(tmp_path / "theirs", load_file(original / "model.safetensors"), original_config(), shards=3)


def refused(folder: Path, clip: Path | None, out: Path, said: str, settings: pretrained.Settings = LLAVA) -> None:
    with pytest.raises(PipelineError, match=said) as caught:
        pretrained.make(settings, WeightsInputs(files=files_in(folder), tower=clip), 0, out)
    assert "where:" in str(caught.value)


class Code:
    """What a pickle can hold: a call of any function, made when it is read."""

    def __reduce__(self) -> Any:
        return (print, ("this pickle has run code",))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_not_run(
    sharded: Path, clip: Path, tmp_path: Path, zipped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = sharded / "pytorch_model-00002-of-00003.bin"
    told: Any = {"model.norm.weight": Code()}
    torch.save(told, shard, _use_new_zipfile_serialization=zipped)
    refused(sharded, clip, tmp_path / "never", r"(?s)wants to run code.*00002-of-00003.*print")
    assert "has run code" not in capsys.readouterr().out
    shard.write_bytes(pickle.dumps(told))
    refused(sharded, clip, tmp_path / "never", "wants to run code|cut off or damaged")
    assert "has run code" not in capsys.readouterr().out


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_shard_that_is_cut_off(sharded: Path, original: Path, clip: Path, tmp_path: Path, share: float) -> None:
    shard = sharded / "pytorch_model-00002-of-00003.bin"
    shard.write_bytes(shard.read_bytes()[: int(shard.stat().st_size * share)])
    refused(sharded, clip, tmp_path / "never", r"(?s)cut off or damaged.*00002-of-00003")
    whole = make_original(tmp_path / "whole", load_file(original / "model.safetensors"), original_config())
    file = whole / "model.safetensors"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    refused(whole, clip, tmp_path / "never", r"(?s)cut off or damaged.*model\.safetensors")


def test_a_shard_whose_bytes_were_damaged_in_the_zip(sharded: Path, clip: Path, tmp_path: Path) -> None:
    shard = sharded / "pytorch_model-00001-of-00003.bin"
    with zipfile.ZipFile(shard, "w") as archive:
        archive.writestr("data.pkl", b"nothing")
    refused(sharded, clip, tmp_path / "never", "cut off or damaged|wants to run")


def test_an_index_that_names_a_missing_file(sharded: Path, clip: Path, tmp_path: Path) -> None:
    (sharded / "pytorch_model-00003-of-00003.bin").unlink()
    refused(sharded, clip, tmp_path / "never", r"(?s)names files that are missing.*00003-of-00003")


def test_an_index_of_another_model(sharded: Path, clip: Path, tmp_path: Path) -> None:
    index = sharded / "pytorch_model.bin.index.json"
    told = json.loads(index.read_text())
    told["weight_map"]["model.layers.9.mlp.up_proj.weight"] = "pytorch_model-00001-of-00003.bin"
    index.write_text(json.dumps(told))
    refused(sharded, clip, tmp_path / "never", r"(?s)do not name the same tensors.*layers\.9")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_weights_that_are_not_finite(
    original: Path, clip: Path, tmp_path: Path, value: float, dtype: torch.dtype
) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in load_file(original / "model.safetensors").items()}
    tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = value
    folder = make_original(tmp_path / "theirs", tensors, original_config())
    refused(folder, clip, tmp_path / "never", r"(?s)1 values that are NaN or infinite.*layers\.1\.mlp\.up_proj")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("model.norm.weight", "remove", r"missing.*model\.language_model\.norm\.weight"),
        ("model.mm_projector.2.bias", "remove", r"missing.*multi_modal_projector\.linear_2\.bias"),
        ("model.extra.weight", "add", r"do not belong to a LLaVA.*model\.extra\.weight"),
        ("model.layers.2.mlp.up_proj.weight", "add", r"unexpected.*layers\.2\.mlp\.up_proj"),
        ("model.mm_projector.0.weight", "cut", r"wrong shape.*linear_1\.weight: \[31, 32\], expected \[32, 32\]"),
    ],
)
def test_every_name_and_shape_is_accounted_for(
    original: Path, clip: Path, tmp_path: Path, name: str, change: str, said: str
) -> None:
    tensors = load_file(original / "model.safetensors")
    if change == "remove":
        del tensors[name]
    else:
        tensors[name] = tensors[name][:-1].clone() if change == "cut" else torch.ones(2)
    folder = make_original(tmp_path / "theirs", tensors, original_config())
    refused(folder, clip, tmp_path / "never", f"(?s){said}")
    assert not (tmp_path / "never").exists()


def test_a_tokenizer_of_another_size(original: Path, clip: Path, tmp_path: Path) -> None:
    tensors = load_file(original / "model.safetensors")
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = torch.cat([tensors[name], tensors[name][:5]])
    folder = make_original(tmp_path / "theirs", tensors, original_config(vocab_size=305))
    refused(folder, clip, tmp_path / "never", r"(?s)differ in size.*300.*305")


def test_a_model_that_is_there_whole_and_in_shards_is_refused(original: Path, clip: Path, tmp_path: Path) -> None:
    folder = make_original(tmp_path / "theirs", load_file(original / "model.safetensors"), original_config(), shards=2)
    (folder / "pytorch_model.bin").write_bytes(b"an older copy")
    refused(folder, clip, tmp_path / "never", r"a model twice(.|\n)*pytorch_model\.bin\.index\.json")


def test_a_language_model_with_a_tokenizer_of_another_size(original: Path, clip: Path, tmp_path: Path) -> None:
    tensors = {
        name: tensor
        for name, tensor in load_file(original / "model.safetensors").items()
        if "mm_" not in name and "vision" not in name
    }
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = torch.cat([tensors[name], tensors[name][:64]])
    folder = make_original(tmp_path / "theirs", tensors, original_config(vocab_size=364, model_type="llama"))
    refused(
        folder, None, tmp_path / "never", "differ in size", pretrained.Settings(kind="pretrained", holds="language")
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mm_projector_type": "mlp3x_gelu"}, "two linear layers"),
        ({"mm_projector_type": "linear"}, "two linear layers"),
        ({"mm_use_im_start_end": True}, "no tokens around the image"),
        ({"mm_patch_merge_type": "spatial_unpad"}, "patches in one row"),
        ({"image_aspect_ratio": "anyres"}, "anyres"),
        ({"model_type": "llava_mpt"}, "not supported"),
    ],
)
def test_arithmetic_that_transformers_has_not(
    original: Path, clip: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    folder = make_original(tmp_path / "theirs", load_file(original / "model.safetensors"), original_config(**changes))
    refused(folder, clip, tmp_path / "never", said)


def test_the_study_may_not_say_otherwise_than_the_files(original: Path, clip: Path, tmp_path: Path) -> None:
    square = LLAVA.model_copy(update={"image_shape": "square"})
    refused(original, clip, tmp_path / "never", "write `image_shape: pad`", square)
    language = pretrained.Settings(kind="pretrained", holds="language")
    refused(original, None, tmp_path / "never", "write `holds: vlm`", language)
    refused(original, None, tmp_path / "never", r"(?s)does not contain the vision tower.*some/clip.*set `tower`")
    pretrained.make(LLAVA, WeightsInputs(files=files_in(original), tower=clip), 0, tmp_path / "ours")
    refused(tmp_path / "ours", clip, tmp_path / "never", "remove `tower`")
    other = LLAVA.model_copy(update={"template": "plain"})
    refused(tmp_path / "ours", None, tmp_path / "never", "write `template: vicuna_v1`", other)


def test_a_hub_model_is_held_against_its_metadata(original: Path, clip: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    pretrained.make(LLAVA, WeightsInputs(files=files_in(original), tower=clip), 0, ours)
    (ours / "vlmflow.json").unlink()
    pretrained.make(LLAVA, WeightsInputs(files=files_in(ours)), 0, tmp_path / "linked")
    assert (tmp_path / "linked/model.safetensors").samefile(ours / "model.safetensors")
    tensors = load_file(ours / "model.safetensors")
    tensors["language_model.lm_head.weight"] = tensors.pop("language_model.lm_head.weight")[:-1].clone()
    (ours / "model.safetensors").unlink()
    save_file(tensors, ours / "model.safetensors", metadata={"format": "pt"})
    refused(ours, None, tmp_path / "never", r"(?s)wrong shape.*lm_head")


def test_a_hub_model_with_clips_processor_does_not_say_how_it_is_shown_images(
    original: Path, clip: Path, tmp_path: Path
) -> None:
    """As in llava-hf's files, whose processor crops the middle although LLaVA-1.5 was trained on padded images."""
    ours = tmp_path / "ours"
    pretrained.make(LLAVA, WeightsInputs(files=files_in(original), tower=clip), 0, ours)
    for name in ("vlmflow.json", "processor_config.json"):
        (ours / name).unlink()
    (ours / "preprocessor_config.json").write_bytes((clip / "preprocessor_config.json").read_bytes())
    refused(ours, None, tmp_path / "never", "neither the study nor these files")
    padded = LLAVA.model_copy(update={"image_shape": "pad"})
    pretrained.make(padded, WeightsInputs(files=files_in(ours)), 0, tmp_path / "linked")
    assert load_llava(tmp_path / "linked").processor.image_processor.do_pad is True
