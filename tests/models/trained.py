"""Rows with and without images, and a training on them as its stage runs it."""

from dataclasses import replace
from pathlib import Path

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs


def without_image(row: Conversation) -> Conversation:
    turns = [{**turn, "value": turn["value"].replace("<image>\n", "")} for turn in row.conversations]
    return replace(row, image=None, image_sha256=None, conversations=turns)


def train(material: TrainingInputs, recipe: RecipeSettings, folder: Path) -> Path:
    how = TrainSettings(recipe=recipe, seed=0, threads=1)
    train_recipe(material, how, folder, Resume(folder.with_suffix(".state"), 600))
    return folder
