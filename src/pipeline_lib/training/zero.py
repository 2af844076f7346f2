"""DeepSpeed's settings: those of the original, or the ones that a study brings, which must state their clipping."""

import json
from importlib.util import find_spec
from typing import Any, cast

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.text import canonical_json, read_object
from pipeline_lib.machine.site import locate
from pipeline_lib.training.settings import Devices

Content = dict[str, Any]

BATCH = ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")
RECIPES = ("optimizer", "scheduler")
OTHERS = (
    *("bf16", "fp16", "gradient_clipping", "zero_optimization", "communication_data_type", "prescale_gradients"),
    *("gradient_predivide_factor", "zero_allow_untested_optimizer", "zero_force_ds_cpu_optimizer", "steps_per_print"),
    *("wall_clock_breakdown", "comms_logger", "flops_profiler", "dump_state", "torch_autocast"),
)
OBJECT = "{"  # the first character of JSON text, with which no path begins
WHOLE = "stage3_gather_16bit_weights_on_model_save"
SUMS = "deepspeed_shm_comm"  # the name of DeepSpeed's own sums on the processor


def with_content(devices: Devices) -> Devices:
    """Return devices with the JSON text of the file that they name, so that a job depends on it and not on the name.

    Raises PipelineError for an unreadable file, or one that is no JSON object.
    """
    if devices.deepspeed is None or devices.deepspeed.startswith(OBJECT):
        return devices
    path = locate(devices.deepspeed)
    if not path.is_file():
        raise PipelineError("this file of DeepSpeed's settings is missing", value=str(path), cure="correct the path")
    return devices.model_copy(update={"deepspeed": canonical_json(read_object(path))})


def own_settings(devices: Devices) -> Content | None:
    """Return the settings that a study brings, None for the original's."""
    text = with_content(devices).deepspeed
    return None if text is None else cast(Content, json.loads(text))


def zero_settings(devices: Devices, clip_norm: float) -> Content | None:
    """Return DeepSpeed's settings, None where it shards nothing.

    Raises PipelineError where DeepSpeed is not installed, and for settings of the study that contradict it.
    """
    if not devices.by_deepspeed:
        return None
    if find_spec("deepspeed") is None:
        raise PipelineError(
            "DeepSpeed is not installed, and this training is sharded by it",
            value=devices.sharding,
            cure="make setup, or set `sharding: none`",
        )
    stated = own_settings(devices)
    return published(devices.sharding, clip_norm) if stated is None else checked(stated, devices, clip_norm)


def published(sharding: str, clip_norm: float) -> Content:
    """Return the settings of the original for a kind of sharding.

    They are those of haotian-liu/LLaVA c121f04, `scripts/zero2.json` and `scripts/zero3.json`, and `gradient_clipping`,
    which these leave to the version of DeepSpeed.
    """
    stage: Content = {
        "stage": int(sharding.removeprefix("zero")),
        "overlap_comm": True,
        "contiguous_gradients": True,
        "sub_group_size": int(1e9),
        "reduce_bucket_size": "auto",
    }
    if sharding == "zero3":
        stage |= {
            "stage3_prefetch_bucket_size": "auto",
            "stage3_param_persistence_threshold": "auto",
            "stage3_max_live_parameters": int(1e9),
            "stage3_max_reuse_distance": int(1e9),
            WHOLE: True,
        }
    return {
        "bf16": {"enabled": "auto"},
        **dict.fromkeys(BATCH, "auto"),
        "gradient_clipping": clip_norm,
        "zero_optimization": stage,
    }


def checked(stated: Content, devices: Devices, clip_norm: float) -> Content:
    """Return settings that a study brings, completed; raise PipelineError where they contradict the study.

    DeepSpeed itself refuses unknown keys within `zero_optimization`.
    """
    _expect_keys(stated)
    for key in BATCH:
        _expect(
            stated.get(key, "auto") == "auto", key, stated.get(key), "write auto: the recipe and `devices` decide it"
        )
    clipping = stated["gradient_clipping"]
    _expect(clipping in ("auto", clip_norm), "gradient_clipping", clipping, f"the recipe has clip_norm: {clip_norm:g}")
    stage = stated["zero_optimization"].get("stage")
    fits = isinstance(stage, int) and f"zero{stage}" == devices.sharding
    _expect(fits, "zero_optimization.stage", stage, f"`sharding` is {devices.sharding}: write it as a number")
    half = _enabled(stated, "bf16")
    _expect(half in ("auto", devices.precision == "bfloat16"), "bf16.enabled", half, "write auto: `precision` decides")
    for key, cure in {"fp16": "float16 is not supported", "torch_autocast": "`precision` decides"}.items():
        _expect(_enabled(stated, key) in ("auto", False), f"{key}.enabled", _enabled(stated, key), f"remove it: {cure}")
    zero = stated["zero_optimization"]
    if devices.sharding == "zero3":
        _expect(zero.get(WHOLE, True) is True, WHOLE, zero.get(WHOLE), "write true: states have whole weights")
        zero = {**zero, WHOLE: True}
    defaults = {"bf16": {"enabled": "auto"}, **dict.fromkeys(BATCH, "auto")}
    return {**defaults, **stated, "gradient_clipping": clip_norm, "zero_optimization": zero}


def sum_as_torch_does() -> None:
    """Prevent DeepSpeed from compiling sums of its own on the processor, which it does where it finds a compiler.

    Otherwise the bytes of a training would depend on that, and its first start would wait for the compiler.
    """
    import deepspeed

    deepspeed.ops.__compatible_ops__[SUMS] = False


def _expect_keys(stated: Content) -> None:
    for key in stated:
        _expect(key not in RECIPES, key, stated[key], "remove it: the recipe has optimizer and schedule")
        known = (*BATCH, *OTHERS)
        _expect(key in known, key, stated[key], f"no such key; {suggest(key, known)}")
    _expect("gradient_clipping" in stated, "gradient_clipping", None, 'write "auto": defaults differ between versions')
    _expect(isinstance(stated.get("zero_optimization"), dict), "zero_optimization", None, "write it, with its `stage`")


def _enabled(stated: Content, key: str) -> Any:
    block = stated.get(key, {"enabled": "auto" if key == "bf16" else False})
    return block.get("enabled", False) if isinstance(block, dict) else block


def _expect(holds: bool, key: str, value: Any, cure: str) -> None:
    if not holds:
        raise PipelineError("these settings of DeepSpeed do not fit the study", where=key, value=value, cure=cure)
