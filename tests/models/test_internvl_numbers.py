"""InternVL's own code and this project compute the same numbers, for both versions of the pixel shuffle."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import InternVLForConditionalGeneration

from pipeline_lib.families.internvl.layouts.names import model_names, original_name, parts
from pipeline_lib.families.internvl.layouts.original_config import internvl_config
from pipeline_lib.families.internvl.pixel_shuffle import set_pixel_shuffle
from tests.conftest import GOLDEN
from tests.numbers import distance
from tests.recordings import SAMPLES

VERSIONS = ("v1", "v2")
NUMBERS, LOGITS = 1e-6, 5e-6  # of the largest value, or of 1 if that is larger
VISION = {"qk_normalization": True, "qkv_bias": False, "norm_type": "rms_norm", "layer_norm_eps": 1e-6}
LLAMA = {"rms_norm_eps": 1e-5, "rope_theta": 5e6, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 7}
SHAPES: dict[str, dict[str, Any]] = {
    "sample": {
        **{"token": 90, "new": 8},
        "vision": {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        | {"image_size": 28, "patch_size": 7},
        "llm": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
        | {"intermediate_size": 48, "vocab_size": 96},
    },
    "whole": {
        **{"token": 180, "new": 12},
        "vision": {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 96}
        | {"image_size": 56, "patch_size": 14},
        "llm": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 2}
        | {"intermediate_size": 128, "vocab_size": 192},
    },
}


@dataclass
class Recorded:
    """Weights and inputs of a model of the original, and its outputs by version."""

    shape: dict[str, Any]
    weights: dict[str, torch.Tensor]
    inputs: dict[str, dict[str, torch.Tensor]]
    outputs: dict[str, dict[str, torch.Tensor]]

    def model(self, version: str) -> InternVLForConditionalGeneration:
        """Return the model, converted."""
        config = {"vision_config": {**VISION, **self.shape["vision"]}, "llm_config": {**LLAMA, **self.shape["llm"]}}
        torch.manual_seed(1)  # so that a forgotten tensor differs
        model = InternVLForConditionalGeneration(internvl_config(config, self.shape["token"], "config.json"))
        named = {name: (model_names(name), tensor) for name, tensor in self.weights.items()}
        state = {
            each: part
            for names, tensor in named.values()
            for each, part in zip(names, parts(tensor.float(), len(names)), strict=True)
        }
        model.load_state_dict(state, strict=True)
        set_pixel_shuffle(model, "v1" if version == "v1" else "v2")
        return model.eval()


@pytest.fixture(scope="module", params=["sample", "whole"])
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """Return a committed recording, or a larger one, which lies beside the project on some machines only."""
    if request.param == "sample":
        content = load_file(SAMPLES / "internvl" / "numbers.safetensors")
        weights = {name.removeprefix("weights."): value for name, value in content.items() if "weights." in name}
        inputs = {name: content[name] for name in ("px", "ids", "lab")}
        return Recorded(SHAPES["sample"], weights, dict.fromkeys(VERSIONS, inputs), _by_version(content, ""))
    folder = GOLDEN / "internvl"
    if not folder.is_dir():
        pytest.skip(f"the numbers of InternVL's own code are not here: {folder}")
    outputs = _by_version(load_file(folder / "outputs.safetensors"), "56.")
    return Recorded(SHAPES["whole"], load_file(folder / "weights.safetensors"), outputs, outputs)


def _by_version(content: dict[str, torch.Tensor], prefix: str) -> dict[str, dict[str, torch.Tensor]]:
    starts = {version: f"{prefix}{version}." for version in VERSIONS}
    return {
        version: {name.removeprefix(start): value for name, value in content.items() if name.startswith(start)}
        for version, start in starts.items()
    }


def outputs_of(recorded: Recorded, version: str, model: InternVLForConditionalGeneration) -> Any:
    inputs = recorded.inputs[version]
    ids = inputs["ids"]
    return model(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        pixel_values=inputs["px"].float(),
        labels=inputs["lab"],
    )


def assert_within(actual: torch.Tensor, expected: torch.Tensor, bound: float) -> None:
    assert distance(actual, expected, scale=max(1.0, float(expected.abs().max()))) <= bound


@pytest.mark.parametrize("version", VERSIONS)
def test_features_logits_and_loss_are_the_originals(recorded: Recorded, version: str) -> None:
    model, expected = recorded.model(version), recorded.outputs[version]
    with torch.inference_mode():
        seen = model.get_image_features(pixel_values=recorded.inputs[version]["px"].float())
        outputs = outputs_of(recorded, version, model)
    assert_within(seen.last_hidden_state, expected["vit"], NUMBERS)
    assert_within(seen.pooler_output, expected["feat"], NUMBERS)
    assert_within(outputs.logits, expected["logits"], LOGITS)
    assert_within(outputs.loss.reshape(1), expected["loss"], NUMBERS)


@pytest.mark.parametrize("version", VERSIONS)
def test_gradients_are_the_originals(recorded: Recorded, version: str) -> None:
    expected = {
        name.removeprefix("grad."): value for name, value in recorded.outputs[version].items() if "grad." in name
    }
    if not expected:
        pytest.skip("this recording has no gradients of this version")
    model = recorded.model(version).train()
    outputs_of(recorded, version, model).loss.backward()
    gradients = {name: value.grad for name, value in model.named_parameters()}
    for name, value in expected.items():
        assert_within(torch.cat([gradients[each] for each in model_names(name)]), value, NUMBERS)


@pytest.mark.parametrize("version", VERSIONS)
def test_greedy_answers_are_the_originals(recorded: Recorded, version: str) -> None:
    model, inputs = recorded.model(version), recorded.inputs[version]
    asked, new = inputs["ids"][:, :12], recorded.shape["new"]
    answers = model.generate(
        input_ids=asked,
        attention_mask=torch.ones_like(asked),
        pixel_values=inputs["px"].float(),
        max_new_tokens=new,
        do_sample=False,
    )
    assert answers[:, 12:].tolist() == recorded.outputs[version]["gen"][:, 1:].tolist()


def test_the_versions_differ_in_the_order_of_an_images_tokens_alone(recorded: Recorded) -> None:
    pixels = recorded.inputs["v1"]["px"].float()
    with torch.inference_mode():
        first, second = (
            recorded.model(version).get_image_features(pixel_values=pixels).pooler_output for version in VERSIONS
        )
    side = int(first.shape[1] ** 0.5)
    turned = second.unflatten(1, (side, side)).transpose(1, 2).flatten(1, 2)
    assert torch.equal(first, turned) and not torch.equal(first, second)


def test_every_name_of_the_original_comes_back(recorded: Recorded) -> None:
    for name in recorded.weights:
        assert {original_name(each) for each in model_names(name)} == {name}
    assert len({each for name in recorded.weights for each in model_names(name)}) > len(recorded.weights)
