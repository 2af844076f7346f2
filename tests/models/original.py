"""Models of the original code, in memory: the files that lie under `golden/models`, with our names for their tensors."""

import re
from pathlib import Path
from typing import Callable

import torch

from pipeline_lib.models.card import Card, write_card
from pipeline_lib.models.llava import Llava

NAMES = {
    r"^model\.vision_tower\.vision_tower\.vision_model\.": "model.vision_tower.",
    r"^model\.mm_projector\.0\.": "model.multi_modal_projector.linear_1.",
    r"^model\.mm_projector\.2\.": "model.multi_modal_projector.linear_2.",
    r"^model\.(layers|norm|embed_tokens)": r"model.language_model.\1",
}
Opened = Callable[[str], Llava]

MARK = -200  # the id that stands for an image in the original's ids
IGNORED = -100


def renamed(name: str) -> str:
    """Return our name of a tensor of the original."""
    for old, new in NAMES.items():
        name = re.sub(old, new, name)
    return name


def part(golden: Path, name: str, kind: str, folder: Path) -> Path:
    """Return a folder with the files of a checkpoint and a card beside them."""
    made = folder / name
    if not made.is_dir():
        made.mkdir(parents=True)
        for path in (golden / "models" / name).iterdir():
            (made / path.name).symlink_to(path)
        write_card(made, Card.model_validate({"kind": kind}))
    return made


def put(llava: Llava, tensors: dict[str, torch.Tensor]) -> None:
    """Put tensors of the original into a model, every one; rows that were added to the vocabulary stay."""
    own = llava.model.state_dict()
    for name, tensor in tensors.items():
        place = own[renamed(name)]
        place[: len(tensor)].copy_(tensor)
        assert place[: len(tensor)].shape == tensor.shape
