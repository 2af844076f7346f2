"""Where a training reports to besides its own file: TensorBoard, W&B and the like, as `report_to` of site.yaml says.

Transformers' own callbacks do it. They change no byte of the training.
"""

import os
from pathlib import Path

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.machine.site import FILE, reporters

LOCKS = {"tensorboard": "requirements.tensorboard.lock", "wandb": "requirements.wandb.lock"}
UNCHECKED = ("flyte",)  # transformers does not say whether it is installed


def report_beside(log: Path) -> None:
    """Make the programs write beside a training's log, and W&B without a network, unless the user chose otherwise.

    Raises PipelineError for a name that transformers does not know, or whose library is not installed.
    """
    names = reporters()
    if not names:
        return
    _expect_installed(names)
    folder = log.with_suffix("").resolve()
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", f"{folder}.tensorboard")
    for name, value in (("MODE", "offline"), ("PROJECT", "vlmflow"), ("NAME", folder.name), ("SILENT", "true")):
        os.environ.setdefault(f"WANDB_{name}", value)
    if "wandb" in names and "WANDB_DIR" not in os.environ:
        runs = Path(f"{folder}.wandb")
        runs.mkdir(parents=True, exist_ok=True)  # else W&B writes into the folder for temporary files
        os.environ["WANDB_DIR"] = str(runs)


def _expect_installed(names: list[str]) -> None:
    from transformers.integrations.integration_utils import (
        INTEGRATION_TO_CALLBACK,
        get_available_reporting_integrations,
    )

    installed = [*get_available_reporting_integrations(), *UNCHECKED]
    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            cure = suggest(name, INTEGRATION_TO_CALLBACK)
            raise PipelineError("transformers reports to no such program", where=FILE, value=name, cure=cure)
        if name not in installed:
            what = "the library that `report_to` needs is not installed"
            package = f"--no-deps --require-hashes -r {LOCKS[name]}" if name in LOCKS else name
            cure = f".venv/bin/pip install {package}, or remove it from `report_to`"
            raise PipelineError(what, where=FILE, value=name, cure=cure)
