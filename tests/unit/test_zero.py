"""DeepSpeed's settings: the original's, with the clipping stated, or a study's own, which must fit the study."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.config.load import load_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.training.settings import Devices
from pipeline_lib.training.zero import WHOLE, checked, own_settings, published, with_content
from tests.project import ROOT

PUBLISHED_3 = published("zero3", clip_norm=1.0)
DEVICES = Devices(gpus_per_node=2, sharding="zero3")


@pytest.mark.parametrize("sharding", ["zero2", "zero3"])
def test_every_settings_state_their_clipping(sharding: str) -> None:
    assert published(sharding, clip_norm=0.5)["gradient_clipping"] == 0.5


def test_a_study_may_bring_a_file_of_settings_of_which_a_job_has_the_content(tmp_path: Path) -> None:
    own = {"gradient_clipping": "auto", "zero_optimization": {"stage": 3, "stage3_prefetch_bucket_size": 15_099_494}}
    (tmp_path / "zero3.json").write_text(json.dumps(own))
    named = Devices(gpus_per_node=2, sharding="zero3", deepspeed=str(tmp_path / "zero3.json"))
    content = with_content(named)
    assert own_settings(content) == own and with_content(content) is content
    settings = checked(own, named, clip_norm=1.0)
    assert settings["gradient_clipping"] == 1.0 and settings["bf16"] == {"enabled": "auto"}
    assert settings["zero_optimization"] == {**own["zero_optimization"], WHOLE: True}


def test_a_training_without_a_file_has_the_settings_that_it_had() -> None:
    assert "deepspeed" not in Devices().model_dump()
    assert with_content(DEVICES) is DEVICES


@pytest.mark.parametrize(
    ("changes", "removed", "fault"),
    [
        ({}, "gradient_clipping", "gradient_clipping"),
        ({"gradient_clipping": 0.3}, None, "clip_norm: 1"),
        ({}, "zero_optimization", "zero_optimization"),
        ({"zero_optimization": {"stage": 2}}, None, "`sharding` is zero3"),
        ({"train_batch_size": 128}, None, "write auto"),
        ({"zero_optimization": {"stage": 3, WHOLE: False}}, None, "states have whole weights"),
        ({"optimizer": {"type": "AdamW"}}, None, "the recipe has optimizer and schedule"),
        ({"scheduler": {"type": "WarmupLR"}}, None, "the recipe has optimizer and schedule"),
        ({"fp16": {"enabled": True}}, None, "float16 is not supported"),
        ({"bf16": {"enabled": True}}, None, "`precision` decides"),
        ({"torch_autocast": {"enabled": True, "dtype": "bfloat16"}}, None, "`precision` decides"),
        ({"zero_optimization": {"stage": "3"}}, None, "write it as a number"),
        ({"gradient_cliping": 1.0}, None, "did you mean 'gradient_clipping'"),
    ],
)
def test_settings_that_contradict_the_study_are_refused(
    changes: dict[str, Any], removed: str | None, fault: str
) -> None:
    own = {key: value for key, value in {**PUBLISHED_3, **changes}.items() if key != removed}
    with pytest.raises(PipelineError, match=f"(?s)do not fit the study.*{fault}"):
        checked(own, DEVICES, clip_norm=1.0)


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    named = DEVICES.model_copy(update={"deepspeed": str(tmp_path / "none.json")})
    with pytest.raises(PipelineError, match="settings is missing"):
        with_content(named)


def test_settings_of_deepspeed_without_it_are_refused() -> None:
    with pytest.raises(ValueError, match="choose zero2 or zero3"):
        Devices(deepspeed="zero3.json")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "settings is missing"),
        ({"zero_optimization": {"stage": 3}}, 'write "auto"'),
        ({"gradient_clipping": 1.0, "zero_optimization": {"stage": 3}}, "the recipe has clip_norm: 0"),
    ],
)
def test_a_study_with_settings_that_do_not_fit_is_refused(
    tmp_path: Path, content: dict[str, Any] | None, fault: str
) -> None:
    named = tmp_path / "own.json"
    if content is not None:
        named.write_text(json.dumps(content))
    text = (ROOT / "studies/llava15_half.yaml").read_text()
    study = tmp_path / "study.yaml"
    study.write_text(text.replace("sharding: zero3,", f"sharding: zero3, deepspeed: {named},"))
    with pytest.raises(PipelineError, match=f"(?s)trainings.half.devices.deepspeed.*{fault}"):
        load_study(study)
