"""Makes what models are made of in one process, and prints the digest of every file: run on processors of several kinds.

python -m tests.models.every_stage FOLDER portable|native

The variables that a job fixes for its numerics are set by whoever starts it.
"""

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.text import write_lines
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.machine.numerics import Numerics
from pipeline_lib.models.base import Base
from pipeline_lib.models.merge import merge
from pipeline_lib.models.portable import operations
from pipeline_lib.recipes import contrastive, full, lora, projector, text
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.models.answering import answered, settings_of
from tests.models.making import WORDS, conversations, language_model, small_clip
from tests.small_images import small_images

NUMERICS: Numerics = "native" if sys.argv[2:] == ["native"] else "portable"
STEPS: dict[str, Any] = {"steps": 3, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0, "weight_decay": 0.05}


def main() -> None:
    """Convert images, draw weights, train by every recipe, merge, answer, all in this folder; print the digests."""
    folder = Path()
    images = small_images(folder / "images")
    rows = conversations(images)
    start = TrainingInputs(
        Base(language_model(rows, folder / "llama"), small_clip(rows, folder / "clip")), rows, images, seed=0
    )
    silent = [
        replace(row, image=None, image_sha256=None, conversations=_without_image(row.conversations)) for row in rows
    ]

    def made(name: str, recipe: RecipeSettings, material: TrainingInputs) -> Path:
        how = TrainSettings(recipe=recipe, seed=0, threads=1, numerics=NUMERICS)
        train_recipe(material, how, folder / name, Resume(folder / "states" / name, 600))
        return folder / name

    def merged(base: Base, adapter: Path, place: Path) -> None:
        with operations(NUMERICS):
            merge(base, adapter, 0, place)

    tower = made("tower", contrastive.Settings(name="contrastive", **STEPS), replace(start, base=Base(folder / "clip")))
    words = made(
        "language", text.Settings(name="text", **STEPS), replace(start, base=Base(folder / "llama"), rows=silent)
    )
    both = replace(start, base=Base(words, tower))
    adapter = made("projector", projector.Settings(name="projector", **STEPS), both)
    merged(both.base, adapter, folder / "pretrained")
    pretrained = replace(start, base=Base(folder / "pretrained"))
    made("full", full.Settings(name="full", **STEPS), pretrained)
    merged(
        pretrained.base,
        made("lora", lora.Settings(name="lora", rank=4, alpha=8, **STEPS), pretrained),
        folder / "merged",
    )
    for name in ("full", "merged"):
        _answer(folder / name, images, folder / f"{name}.answers.jsonl")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "states" not in path.parts)
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    json.dump(digests, sys.stdout)


def _without_image(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**turn, "value": turn["value"].replace("<image>\n", "")} for turn in turns]


def _answer(model: Path, images: ImageReader, path: Path) -> None:
    llava = load_llava(model)
    llava.model.eval()
    asked = [
        Question(str(n), f"What is it? {' '.join(WORDS[: n % 6 + 1])}", (f"{n % 6}.jpg",), "part") for n in range(9)
    ]
    settings = settings_of(str(llava.card.template), numerics=NUMERICS, max_new_tokens=6)
    write_lines(path, answered(llava, asked, images, settings, path.with_suffix(".replies")))


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True)
    os.chdir(sys.argv[1])  # an index and a model's configuration hold relative paths
    main()
