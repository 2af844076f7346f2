"""Attention and kernels of a training: stated in its record, refused where they cannot run."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.models.opening import load_vlm
from pipeline_lib.recipes import full
from pipeline_lib.training import attention, kernels
from pipeline_lib.training.attention import obstacle, set_attention
from pipeline_lib.training.kernels import kernel_arguments
from pipeline_lib.training.settings import Devices, TrainSettings
from tests.models.mllama import small_mllama

RECIPE = full.Settings(name="full", steps=2, batch_size=4, learning_rate=1e-2, clip_norm=1.0)
LOGITS = 1e-5  # of the largest logit: eager and sdpa sum in other orders


def settings_with(device: str = "cpu", **devices: Any) -> TrainSettings:
    how = {"recipe": RECIPE, "seed": 0, "threads": 1, "device": device, "devices": Devices(**devices)}
    return TrainSettings.model_validate(how)


@pytest.fixture()
def ampere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch report a GPU on which flash-attn computes, and transformers its package."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(attention, "INSTALLED", {"flash_attention_2": lambda: True, "flash_attention_3": lambda: False})


def test_a_training_on_the_processor_computes_with_sdpa(llava: Llava) -> None:
    assert set_attention(llava.model, settings_with()) == "sdpa"
    assert llava.model.config._attn_implementation == "sdpa"


def test_all_parts_compute_with_the_stated_attention_and_agree(llava: Llava) -> None:
    ids = torch.tensor([[1, 5, 6, 7]])
    with torch.inference_mode():
        before = llava.model(input_ids=ids).logits
        assert set_attention(llava.model, settings_with(attention="eager")) == "eager"
        after = llava.model(input_ids=ids).logits
    parts = [part for part in llava.model.modules() if hasattr(part, "set_attn_implementation")]
    assert {part.config._attn_implementation for part in parts} == {"eager"}
    assert float((after - before).abs().max()) <= LOGITS * float(before.abs().max())


@pytest.mark.parametrize(
    ("device", "devices", "reason"),
    [
        ("cpu", {"precision": "bfloat16"}, "GPUs alone"),
        ("cuda", {}, "does not compute in float32"),
        ("cuda", {"precision": "bfloat16", "attention": "flash_attention_3"}, "not installed"),
    ],
)
def test_an_attention_that_cannot_run_is_refused_with_the_reason(
    llava: Llava, ampere: None, device: str, devices: dict[str, str], reason: str
) -> None:
    settings = settings_with(device, **{"attention": "flash_attention_2", **devices})
    with pytest.raises(PipelineError, match=rf"(?s){reason}.*devices\.attention.*attention: auto"):
        set_attention(llava.model, settings)
    assert set_attention(llava.model, settings_with(device, **{**devices, "attention": "sdpa"})) == "sdpa"


def test_auto_is_flash_attention_where_nothing_prevents_it(
    llava: Llava, ampere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with("cuda", precision="bfloat16")
    assert obstacle("flash_attention_2", llava.model, settings) is None
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert "older than" in str(obstacle("flash_attention_2", llava.model, settings))
    assert set_attention(llava.model, settings) == "sdpa"


def test_a_model_with_masks_of_its_own_computes_with_sdpa(ampere: None, tmp_path: Path) -> None:
    model = load_vlm(small_mllama(tmp_path / "mllama")).model
    settings = settings_with("cuda", precision="bfloat16")
    assert "Mllama" in str(obstacle("flash_attention_2", model, settings))
    assert set_attention(model, settings) == "sdpa"


def test_a_gpu_job_asks_flash_attention_for_equal_sums() -> None:
    assert settings_with("cuda").variables()["FLASH_ATTENTION_DETERMINISTIC"] == "1"
    assert "FLASH_ATTENTION_DETERMINISTIC" not in settings_with().variables()


def test_ligers_kernels_are_refused_where_they_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PipelineError, match=r"(?s)GPUs alone.*devices\.kernels.*kernels: torch"):
        kernel_arguments(settings_with(kernels="liger"))
    monkeypatch.setattr(kernels, "find_spec", lambda name: None)
    with pytest.raises(PipelineError, match="liger-kernel is not installed"):
        kernel_arguments(settings_with("cuda", kernels="liger"))


def test_ligers_kernels_leave_the_loss_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_spec", lambda name: name)
    assert kernel_arguments(settings_with("cuda")) == {}
    chosen = kernel_arguments(settings_with("cuda", kernels="liger"))
    assert chosen["use_liger_kernel"] and not any(chosen["liger_kernel_config"].values())
    assert TrainingArguments(use_cpu=True, **chosen).use_liger_kernel
