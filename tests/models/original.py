"""What the original code was given, as ours: its checkpoints, rows, questions and names of tensors."""

import json
from pathlib import Path
from typing import Callable

import torch
from safetensors.torch import load_file

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.text import read_json
from pipeline_lib.families.llava.layouts.names import transformers_name
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.card import Card, write_card

Converted = Callable[[str], Path]
Opened = Callable[[str], Llava]
Tensors = dict[str, torch.Tensor]

MARK = -200  # the id that stands for an image in the original's rows
IGNORED = -100
WORDS = 1000  # of the original's vocabulary


def part(golden: Path, name: str, kind: str, folder: Path) -> Path:
    """Return a folder with the files of a checkpoint and a card beside them."""
    made = folder / name
    if not made.is_dir():
        made.mkdir(parents=True)
        for path in (golden / "models" / name).iterdir():
            (made / path.name).symlink_to(path)
        write_card(made, Card.model_validate({"kind": kind}))
    return made


def conversations(golden: Path, name: str, pictures: ImageReader) -> list[Conversation]:
    """Return the rows of a data file."""
    found = []
    for number, raw in enumerate(read_json(golden / "data" / f"{name}.json")):
        image = raw.get("image")
        pin = None if image is None else pictures.row(image).pin
        found.append(Conversation(number, str(raw["id"]), image, pin, raw["conversations"]))
    return found


def asked(golden: Path) -> list[Question]:
    """Return the questions of the file `q40.jsonl`."""
    lines = (golden / "data" / "q40.jsonl").read_text().splitlines()
    return [Question(row["question_id"], row["text"], (row["image"],), "all") for row in map(json.loads, lines)]


def trained_tensors(file: Path) -> Tensors:
    """Return the tensors of a recording by our names, without those of the vision tower, which no stage trains."""
    found = {own(name): tensor for name, tensor in load_file(file).items()}
    return {name: tensor for name, tensor in found.items() if "vision_tower" not in name}


def own(name: str) -> str:
    """Return our name of a tensor, of a model with adapters too."""
    wrapped = "base_model.model."
    if not name.startswith(wrapped):
        return str(transformers_name(name))
    bare = name.removeprefix(wrapped)
    if "mm_projector" not in bare:
        return wrapped + bare.replace("model.layers.", "model.language_model.layers.")
    return wrapped + str(transformers_name(bare)).replace("_projector.", "_projector.modules_to_save.default.")
