"""The layouts that a checkpoint can be exported to, and what a user states for an export."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Layout = Literal["original", "hub", "clip", "projector"]


@dataclass(frozen=True)
class ExportOptions:
    """What a user states for an export to the original's layout; a converted model's own records supply the rest."""

    base: Path | None = None  # of an adapter or projector: its LLaVA; of a LLaVA: the folder with its tokenizer's files
    tower: str | None = None  # the value of `mm_vision_tower`
    clip: Path | None = None  # the folder of the CLIP model that `tower` names
    unfreeze: bool = False  # whether the original shall read the tower from the checkpoint itself
