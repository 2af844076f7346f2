"""The configurations of a training's starting weights: from their files, else from what the study states of them."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pipeline_lib.config.ancestry import model_family, origins
from pipeline_lib.config.study import Study, Weights
from pipeline_lib.core.plugins import ROOT
from pipeline_lib.core.text import read_object
from pipeline_lib.models.card import NAME as CARD
from pipeline_lib.models.counts import Config, Counts, language_counts
from pipeline_lib.weights import clip, intern_vit, llama, llava, mllama

WEIGHTS = Path("data/weights")
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Start:
    """The configuration of weights, and the number of their tokens, None where no file has them."""

    config: Config
    tokens: set[str] | None


def start_of(study: Study, name: str) -> Start | None:
    """Return the configuration of weights: of their files, else of the study; None where neither has it."""
    folder = WEIGHTS / name
    if (folder / CARD).is_file() and (folder / "config.json").is_file():
        return Start(read_object(folder / "config.json"), _tokens(folder / TOKENIZER))
    config = _stated(study.weights[name])
    return None if config is None else Start(config, None)


def counts_of(study: Study, name: str) -> Counts | None:
    """Return the counts of the model of a training that is no CLIP, None where its weights or its family have none.

    A model that another training makes need not exist: it has the shapes of the weights that it is composed of.
    """
    training = study.trainings[name]
    whole = study.model_kind(name) == "vlm"
    start_name, tower_name = origins(study, name) if whole else (training.start, None)
    start = start_of(study, start_name)
    tower = None if tower_name is None else start_of(study, tower_name)
    if start is None or (tower_name is not None and tower is None):
        return None
    if not whole:
        return language_counts(start.config)
    try:
        family = import_module(f"{ROOT}.families.{model_family(study, name)}.counts")
    except ModuleNotFoundError:  # a family need not count without torch
        return None
    known = None if start.tokens is None else len(start.tokens | set(family.ADDED))
    counts: Counts = family.counted(start.config, tower and tower.config, known)
    return counts


def _tokens(path: Path) -> set[str] | None:
    return set(Tokenizer.from_file(str(path)).get_vocab(with_added_tokens=True)) if path.is_file() else None


def _stated(weights: Weights) -> dict[str, Any] | None:
    """Return the configuration of absent weights: of the kind that makes them, or as the study states it."""
    make = weights.make
    if isinstance(make, llama.Settings):
        return _language(make)
    if isinstance(make, clip.Settings | intern_vit.Settings):
        return _tower(make)
    if isinstance(make, llava.Settings):
        tower = _tower(make.tower)
        return {"text_config": _language(make.language), "vision_config": tower.get("vision_config", tower)}
    if isinstance(make, mllama.Settings):
        words = {"vocab_size": make.tokenizer.vocabulary + len(mllama.CONTROL), **make.text.keys()}
        return {"text_config": words, "vision_config": make.vision.model_dump(exclude_none=True)}
    shape = weights.shape
    if shape is None:
        return None
    vision = None if shape.vision is None else shape.vision.keys()
    if shape.language is None or vision is None:
        return vision if shape.language is None else shape.language.keys()
    return {"text_config": shape.language.keys(), "vision_config": vision}


def _language(make: llama.Settings) -> dict[str, Any]:
    return {"model_type": "llama", "vocab_size": make.tokenizer.vocabulary, **make.config.keys()}


def _tower(make: clip.Settings | intern_vit.Settings) -> dict[str, Any]:
    if isinstance(make, intern_vit.Settings):
        return make.config.keys()
    text = {"vocab_size": make.tokenizer.vocabulary, **make.text.keys()}
    return {"text_config": text, "vision_config": make.vision.keys(), "projection_dim": make.projection_dim}
