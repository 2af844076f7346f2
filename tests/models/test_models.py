"""Models: composed, saved, loaded; trained by each recipe; asked in batches."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import TrainingArguments

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import Request
from pipeline_lib.engines.transformers import engine_of
from pipeline_lib.families.llava.model import Llava, compose
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.families.llava.tokens import image_id
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.models.base import Base
from pipeline_lib.models.encode import IGNORED, encode
from pipeline_lib.prompts import vicuna_v1
from pipeline_lib.recipes import assemble, contrastive, full, lora, projector, text
from pipeline_lib.training.loop import train
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.sampler import SeededSampler
from pipeline_lib.training.settings import RecipeSettings, TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.trainer import VlmTrainer
from tests.models.answering import answered, settings_of
from tests.models.conftest import CARD
from tests.models.making import WORDS

STEPS = {"steps": 3, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0}


@pytest.fixture()
def material(language: Path, tower: Path, rows: list[Conversation], images: ImageReader) -> TrainingInputs:
    return TrainingInputs(Base(language, tower), rows, images, seed=0)


def trained(material: TrainingInputs, recipe: RecipeSettings, folder: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    """Train by a recipe and return the tensors of the checkpoint."""
    how = TrainSettings(recipe=recipe, seed=seed, threads=1)
    train_recipe(material, how, folder, Resume(folder.with_suffix(".state"), 600))
    (tensors,) = folder.glob("*.safetensors")
    return load_file(tensors)


@pytest.fixture()
def assembled(material: TrainingInputs, tmp_path: Path) -> Path:
    trained(material, assemble.Settings(name="assemble", projector="random"), tmp_path / "assembled")
    return tmp_path / "assembled"


def test_a_composed_model_comes_back_as_it_was(language: Path, tower: Path, tmp_path: Path) -> None:
    made = compose(language, tower, CARD, seed=0)
    made.save(tmp_path / "saved")
    loaded = load_llava(tmp_path / "saved")
    before, after = made.model.state_dict(), loaded.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert loaded.card == CARD
    assert loaded.tokenizer.convert_tokens_to_ids("<image>") == loaded.model.config.image_token_id
    assert loaded.model.get_input_embeddings().weight.shape[0] % 64 == 0


def test_the_parts_of_a_composed_model_are_the_given_ones(language: Path, tower: Path) -> None:
    state = compose(language, tower, CARD, seed=0).model.state_dict()
    words = load_file(language / "model.safetensors")["model.embed_tokens.weight"]
    assert torch.equal(state["model.language_model.embed_tokens.weight"][: len(words)], words)
    pixels = load_file(tower / "model.safetensors")["vision_model.embeddings.patch_embedding.weight"]
    assert torch.equal(state["model.vision_tower.embeddings.patch_embedding.weight"], pixels)


def changed(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_the_projector_recipe_saves_the_projector_alone(material: TrainingInputs, tmp_path: Path) -> None:
    after = trained(material, projector.Settings(name="projector", **STEPS), tmp_path / "projector")
    assert {name.removeprefix("model.multi_modal_projector.") for name in after} == {
        "linear_1.weight", "linear_1.bias", "linear_2.weight", "linear_2.bias",
    }  # fmt: skip


def test_the_full_recipe_leaves_the_vision_tower_as_it_was(
    material: TrainingInputs, assembled: Path, tmp_path: Path
) -> None:
    from_llava = replace(material, base=Base(assembled))
    after = trained(from_llava, full.Settings(name="full", **STEPS), tmp_path / "full")
    names = changed(load_file(assembled / "model.safetensors"), after)
    assert any("language_model" in name for name in names) and any("projector" in name for name in names)
    assert not any("vision_tower" in name for name in names)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(material: TrainingInputs, tmp_path: Path) -> None:
    recipe = projector.Settings(name="projector", **STEPS)
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        trained(material, recipe, tmp_path / name, seed)
    one, two, three = [(tmp_path / name / "projector.safetensors").read_bytes() for name in ("one", "two", "three")]
    assert one == two != three
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_clip_learns_to_tell_captions_apart(material: TrainingInputs, tower: Path, tmp_path: Path) -> None:
    settings = contrastive.Settings(name="contrastive", steps=30, batch_size=6, learning_rate=3e-3, clip_norm=1.0)
    how = TrainSettings(recipe=settings, seed=0, threads=1)
    pairs = replace(material, base=Base(tower), rows=material.rows[:6])
    steps = train_recipe(pairs, how, tmp_path / "clip", Resume(tmp_path, 600))
    assert len(steps) == 30 and steps[-1].loss < 0.5 * steps[0].loss


def test_a_language_model_learns_its_rows(material: TrainingInputs, language: Path, tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "one"}, {"from": "gpt", "value": "two"}]
    rows = [Conversation(0, "0", None, None, turns)] * 8
    settings = text.Settings(name="text", steps=30, batch_size=8, learning_rate=1e-2, clip_norm=1.0)
    how = TrainSettings(recipe=settings, seed=0, threads=1)
    steps = train_recipe(replace(material, rows=rows), how, tmp_path / "text", Resume(tmp_path, 600))
    assert steps[-1].loss < 0.1 * steps[0].loss


def test_faults_of_rows_are_named(material: TrainingInputs, tower: Path, tmp_path: Path) -> None:
    how = {**STEPS, "steps": 1}
    with pytest.raises(PipelineError, match="cannot be trained on a row with an image"):
        trained(material, text.Settings(name="text", **how), tmp_path / "a")
    without = [replace(row, image=None, image_sha256=None) for row in material.rows]
    with pytest.raises(PipelineError, match="a pair has one image"):
        trained(
            replace(material, base=Base(tower), rows=without),
            contrastive.Settings(name="contrastive", **how),
            tmp_path / "b",
        )
    with pytest.raises(PipelineError, match="needs a vision tower"):
        trained(replace(material, base=Base(material.base.start)), full.Settings(name="full", **how), tmp_path / "c")
    with pytest.raises(PipelineError, match="neither `start` nor `projector` has a projector"):
        trained(material, assemble.Settings(name="assemble"), tmp_path / "f")
    with pytest.raises(PipelineError, match="no token of this row is trained"):
        trained(material, full.Settings(name="full", projector="random", max_length=20, **how), tmp_path / "d")
    with pytest.raises(PipelineError, match=r"expected a checkpoint of kind clip"):
        trained(
            replace(material, base=Base(material.base.start, material.base.start)),
            full.Settings(name="full", projector="random", **how),
            tmp_path / "e",
        )


def test_a_training_that_diverges_stops_with_the_step(material: TrainingInputs, tmp_path: Path) -> None:
    wild = projector.Settings(name="projector", **{**STEPS, "learning_rate": 1e20, "clip_norm": 0.0})
    with pytest.raises(PipelineError, match=r"is not finite\n  value: 'step \d"):
        trained(material, wild, tmp_path / "wild")
    assert not (tmp_path / "wild").exists()


@pytest.mark.parametrize("recipe", [full, projector, lora])
def test_a_faithful_recipe_masks_what_the_original_masks(
    recipe: Any, material: TrainingInputs, assembled: Path
) -> None:
    turns = [{"from": "human", "value": "Is <unk> a token?"}, {"from": "gpt", "value": "red"}]
    one = replace(material, base=Base(assembled), rows=[Conversation(0, "0", None, None, turns)])
    for as_original in (False, True):
        settings = recipe.Settings(name=recipe.__name__.split(".")[-1], as_original=as_original, **STEPS)
        labels = recipe.prepare(settings, one).examples[0]["labels"]
        assert (set(labels) == {IGNORED}) == as_original


def test_labels_cover_the_answer_and_its_end(language: Path, tower: Path, rows: list[Conversation]) -> None:
    tokenizer = compose(language, tower, CARD, seed=0).tokenizer
    ids, labels = encode(vicuna_v1.conversation(rows[0].conversations), tokenizer, [[image_id(tokenizer)] * 4])
    kept = [identifier for identifier, label in zip(ids, labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(kept) == " green</s>"
    assert ids.count(tokenizer.convert_tokens_to_ids("<image>")) == 4
    assert ids[0] == tokenizer.bos_token_id


def test_answers_in_batches_are_those_given_one_by_one(assembled: Path, images: ImageReader, tmp_path: Path) -> None:
    llava = load_llava(assembled)
    llava.model.eval()
    questions = [
        Question(str(n), f"What is it? {' '.join(WORDS[: n % 6 + 1])}", (f"{n % 6}.jpg",), "part") for n in range(18)
    ]
    questions += [Question(str(n), f"Say {WORDS[n % 6]}", (), "part") for n in range(18, 24)]

    def texts(tokens: int) -> list[str]:
        settings = settings_of("vicuna_v1", tokens=tokens, max_new_tokens=12)
        answers = answered(llava, questions, images, settings, tmp_path / str(tokens))
        assert [answer["question_id"] for answer in answers] == [int(question.id) for question in questions]
        return [answer["text"] for answer in answers]

    one_by_one = texts(1)
    assert len(set(one_by_one)) > 3
    assert texts(100) == texts(2048) == one_by_one


def shown(llava: Llava, folder: Path, as_original: bool, padded_first: bool) -> torch.Tensor:
    """Return the pixels of the image of folder, as the predict stage shows it."""
    rows = convert_shard(folder, list(folder.iterdir()), folder.with_suffix(".tar"), folder, ConvertSettings(to="keep"))
    index = folder.with_suffix(".parquet")
    write_index(index, merge([rows], ""))
    request = Request("1", "What is it?", (next(folder.iterdir()).name,), 1, padded_first=as_original and padded_first)
    engine = engine_of(llava, ImageReader([index]), settings_of(str(llava.card.template)))
    return engine._show(request.images[0], request.padded_first)["pixel_values"][None]


def test_an_engine_answers_only_what_is_not_answered_yet(assembled: Path) -> None:
    engine = engine_of(load_llava(assembled), ImageReader([]), settings_of("vicuna_v1"))
    requests = [Request(str(n), f"Say {word}", (), 4) for n, word in enumerate(WORDS[:5])]
    replies = list(engine.answer(requests, set()))
    assert sorted(reply.id for reply in replies) == list("01234")
    assert all(1 <= reply.tokens <= 4 and reply.status == "ok" for reply in replies)
    assert list(engine.answer(requests, set("01234"))) == []
    assert {reply.id: reply for reply in engine.answer(requests, set("0123"))}["4"] in replies


def test_answers_that_may_leave_the_model_s_positions_are_refused(assembled: Path, tmp_path: Path) -> None:
    settings = settings_of("vicuna_v1", max_new_tokens=5000)
    asked = [Question("7", "What?", (), "all")]
    with pytest.raises(PipelineError, match=r"(?s)question 7.*write `max_new_tokens: \d+` or less"):
        answered(load_llava(assembled), asked, ImageReader([]), settings, tmp_path / "replies")


def test_a_model_of_another_template_is_refused(assembled: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)another template than plain.*vicuna_v1"):
        answered(load_llava(assembled), [], ImageReader([]), settings_of("plain"), tmp_path / "replies")


def test_only_where_asked_for_are_images_padded_before_they_are_rgb(assembled: Path, tmp_path: Path) -> None:
    llava = load_llava(assembled)
    for mode in ("P", "L"):
        (tmp_path / mode).mkdir()
        Image.effect_noise((40, 20), 90).convert(mode).save(tmp_path / mode / "image.png")
    usual = shown(llava, tmp_path / "P", as_original=False, padded_first=True)
    assert torch.equal(usual, shown(llava, tmp_path / "P", as_original=True, padded_first=False))
    assert not torch.equal(usual, shown(llava, tmp_path / "P", as_original=True, padded_first=True))
    shown(llava, tmp_path / "L", as_original=False, padded_first=True)
    with pytest.raises(PipelineError, match="the original's script stops at this image"):
        shown(llava, tmp_path / "L", as_original=True, padded_first=True)


def test_the_order_of_rows_comes_from_its_own_seed() -> None:
    sampler = SeededSampler(10, seed=3)
    first = list(sampler)
    torch.manual_seed(99)
    assert list(sampler) == first and sorted(first) == list(range(10))
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_frozen_parts_are_in_evaluation_mode_while_the_rest_trains(
    material: TrainingInputs, assembled: Path, tmp_path: Path
) -> None:
    task = full.prepare(full.Settings(name="full", **STEPS), replace(material, base=Base(assembled)))
    modes: list[tuple[bool, bool]] = []
    tower, words = task.model.model.vision_tower, task.model.model.language_model
    tower.register_forward_hook(lambda *_: modes.append((tower.training, words.training)))
    recipe = full.Settings(name="full", **STEPS)
    train(task, recipe, TrainSettings(recipe=recipe, seed=0, threads=1), Resume(tmp_path, 600))
    assert modes == [(False, True)] * 3


def test_a_trainers_state_holds_the_trained_tensors_alone(
    material: TrainingInputs, assembled: Path, tmp_path: Path
) -> None:
    task = full.prepare(full.Settings(name="full", **STEPS), replace(material, base=Base(assembled)))
    arguments = TrainingArguments(output_dir=str(tmp_path / "out"), use_cpu=True, report_to=[])
    trainer = VlmTrainer(model=task.model, args=arguments, train_dataset=task.examples, row_seed=0, own_rates={})
    trainer._save(str(tmp_path / "checkpoint"))
    trained = {name for name, value in task.model.named_parameters() if value.requires_grad}
    assert load_file(tmp_path / "checkpoint" / "model.safetensors").keys() == trained


def test_clipping_is_that_of_the_settings(material: TrainingInputs, assembled: Path, tmp_path: Path) -> None:
    start = replace(material, base=Base(assembled))
    how = {**STEPS, "steps": 1, "schedule": "constant", "warmup": 0.0}
    free = trained(start, full.Settings(name="full", **{**how, "clip_norm": 0.0}), tmp_path / "free")
    held = trained(start, full.Settings(name="full", **{**how, "clip_norm": 1e-12}), tmp_path / "held")
    before = load_file(assembled / "model.safetensors")
    moved = [max(float((after[name] - before[name]).abs().max()) for name in before) for after in (free, held)]
    assert moved[1] < 1e-2 * moved[0]


@pytest.mark.parametrize("length", [{"steps": 1}, {"steps": None, "epochs": 1.0, "batch_size": 1000}])
def test_a_single_step_is_no_warm_up_and_teaches(
    length: dict[str, Any], material: TrainingInputs, assembled: Path, tmp_path: Path
) -> None:
    recipe = full.Settings(name="full", **{**STEPS, "warmup": 0.03, **length})
    after = trained(replace(material, base=Base(assembled)), recipe, tmp_path / "one")
    before = load_file(assembled / "model.safetensors")
    assert any(not torch.equal(after[name], before[name]) for name in before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_an_error(material: TrainingInputs, tmp_path: Path) -> None:
    how = TrainSettings(recipe=assemble.Settings(name="assemble", projector="random"), seed=0, threads=1, device="cuda")
    with pytest.raises(PipelineError, match="computes on GPUs, and torch sees none here"):
        train_recipe(material, how, tmp_path / "never", Resume(tmp_path, 600))
