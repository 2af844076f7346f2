"""The family `internvl`: images as tokens of text, rows and questions, answers, trainings, adapters."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.internvl.tokens import ADDED, CONTEXT, GROUNDING, InternvlTokens
from pipeline_lib.families.llava.model import Llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import read_card
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import RowRules
from pipeline_lib.models.family import Example, Vlm, load_family
from pipeline_lib.models.merge import AGREEMENT, merge
from pipeline_lib.models.opening import load_vlm, open_tokens
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts import hermes_2
from pipeline_lib.prompts.base import question
from pipeline_lib.recipes import full, internvl12_sft, lora
from pipeline_lib.training.drop_path import add_drop_path
from pipeline_lib.training.task import TrainingInputs
from tests.models.answering import answered, settings_of
from tests.models.internvl import SIDE, small_internvl
from tests.models.trained import train, without_image
from tests.numbers import assert_close
from tests.recordings import SAMPLES

STEPS: dict[str, Any] = {"steps": 2, "batch_size": 4, "learning_rate": 1e-2, "clip_norm": 1.0, "template": "hermes_2"}
LORA = lora.Settings(name="lora", rank=2, alpha=4, **STEPS)
BASE = {"start": "digest of the base"}
FAMILY = load_family("internvl")
ROWS = [json.loads(line) for line in (SAMPLES / "internvl" / "rows.jsonl").read_text().splitlines()]
LONG = 10_000  # tokens, more than any row has


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a random InternVL with pixel shuffle v1, beside the parts that it was composed of."""
    root = tmp_path_factory.mktemp("internvl")
    small_internvl(root).save(root / "model")
    return root / "model"


@pytest.fixture()
def vlm(folder: Path) -> Vlm:
    internvl = load_vlm(folder)
    internvl.model.eval()
    return internvl


@pytest.fixture()
def tokens(folder: Path) -> InternvlTokens:
    opened = open_tokens(folder, None)
    assert isinstance(opened, InternvlTokens)
    return opened


@pytest.fixture()
def material(folder: Path, rows: list[Conversation], images: ImageReader) -> TrainingInputs:
    """Return rows with an image, and one in four without."""
    mixed = [without_image(row) if row.row % 4 == 3 else row for row in rows]
    return TrainingInputs(Base(folder, digests=BASE), mixed, images, seed=0)


def asked(vlm: Vlm, images: ImageReader, text: str, *paths: str) -> Example:
    """Return a question about these images as an example."""
    shown = [vlm.show(images.open(path, images.row(path).pin)) for path in paths]
    sizes = [images.size(path) for path in paths]
    return {"input_ids": vlm.tokens.prompt(question(hermes_2, text, len(paths)), sizes), "images": shown}


def last_logits(vlm: Vlm, examples: list[Example]) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = vlm.model(**vlm.collate(examples, "left")).logits[:, -1]
    return logits


def answers(vlm: Vlm, questions: list[Question], images: ImageReader, path: Path, **settings: Any) -> list[str]:
    how = settings_of("hermes_2", family="internvl", max_new_tokens=6, **settings)
    return [record["text"] for record in answered(vlm, questions, images, how, path)]


def changed(before: Path, after: Path) -> set[str]:
    """Return the names of the tensors that two checkpoints do not share."""
    first, second = (load_vlm(folder).model.state_dict() for folder in (before, after))
    return {name for name in first if not torch.equal(first[name], second[name])}


def row_of(images: ImageReader, text: str, *paths: str) -> Conversation:
    """Return a row that shows these images."""
    turns = [{"from": "human", "value": text}, {"from": "gpt", "value": "three four"}]
    return Conversation(0, "row", list(paths), [images.row(path).pin for path in paths], turns)


def test_an_image_is_a_begin_its_features_and_an_end(vlm: Vlm, images: ImageReader) -> None:
    ids = asked(vlm, images, "What?", "0.jpg", "5.jpg")["input_ids"]
    words = vlm.tokens.tokenizer.convert_ids_to_tokens(ids)
    first = words.index("<img>")
    assert words[first : first + 6] == ["<img>", *[CONTEXT] * 4, "</img>"]
    assert words[0] == "<|im_start|>"  # and no beginning of sequence
    assert words.count("<img>") == vlm.tokens.images_in(ids) == 2 and vlm.tokens.per_image == 6


def test_the_nine_tokens_follow_the_language_models_in_order(folder: Path, vlm: Vlm) -> None:
    before = len(load_tokenizer(folder.parent / "language"))
    assert vlm.tokens.tokenizer.convert_tokens_to_ids(list(ADDED)) == list(range(before, before + len(ADDED)))
    for table in (vlm.model.model.language_model.embed_tokens.weight, vlm.model.lm_head.weight):
        assert len(table) == before + len(ADDED)
        assert_close(table[before:], table[:before].mean(dim=0).expand(len(ADDED), -1), 1e-6)


def test_words_about_places_are_words_and_a_typed_image_is_not(vlm: Vlm) -> None:
    tokenizer = vlm.tokens.tokenizer
    text = "<ref>one</ref><box>[[1, 2]]</box> <IMG_CONTEXT></img>"
    ids = vlm.tokens.prompt(question(hermes_2, text, 0), [])
    assert {tokenizer.convert_tokens_to_ids(word) for word in GROUNDING[2:]} <= set(ids)
    assert vlm.tokens.image_id not in ids and vlm.tokens.images_in(ids) == 0
    assert text in tokenizer.decode(ids, skip_special_tokens=True)


def test_images_are_squeezed_and_normalised_as_in_imagenet(vlm: Vlm) -> None:
    image = Image.frombytes("RGB", (50, 20), random.Random(0).randbytes(3000))
    shown = vlm.show(image)["pixel_values"]
    squeezed = np.array(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float64) / 255
    expected = (squeezed - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert_close(shown, torch.from_numpy(expected).permute(2, 0, 1), 1e-6)
    other = vlm.processor(image, return_tensors="pt")["pixel_values"][0]
    assert_close(shown, other, 1e-6)


def test_labels_are_the_answers_and_their_ends(tokens: InternvlTokens, images: ImageReader) -> None:
    row = row_of(images, "<image>\nWhat?", "0.jpg")
    row.conversations.extend([{"from": "human", "value": "And?"}, {"from": "gpt", "value": "one"}])
    encoded = FAMILY.encode_row(tokens, row, RowRules(hermes_2, LONG), images.size)
    trained = tokens.tokenizer.decode([label for label in encoded.labels if label != IGNORED])
    assert trained == "three four<|im_end|>one<|im_end|>"
    assert [label for label in encoded.labels if label != IGNORED] == [
        token for token, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORED
    ]


@pytest.mark.parametrize("recorded", ROWS)
def test_ids_and_labels_are_the_originals(recorded: dict[str, Any], tokens: InternvlTokens) -> None:
    images = [f"{number}.jpg" for number in range(recorded["images"])]
    row = Conversation(0, "row", images, images, recorded["conversations"])
    encoded = FAMILY.encode_row(tokens, row, RowRules(hermes_2, LONG), lambda path: (1, 1))
    assert encoded.ids == recorded["ids"]
    miscounted = any(not turn["value"] for turn in row.conversations)  # then the original trains no token
    assert (set(recorded["labels"]) == {IGNORED}) == miscounted
    assert miscounted or encoded.labels == recorded["labels"]


def test_an_image_stays_where_its_row_has_it_and_goes_first_if_nowhere(
    tokens: InternvlTokens, images: ImageReader
) -> None:
    rules = RowRules(hermes_2, LONG)
    texts = {
        text: tokens.tokenizer.decode(FAMILY.encode_row(tokens, row_of(images, text, "0.jpg"), rules, images.size).ids)
        for text in ("one <image> two", "<image>\none", "one")
    }
    shown = f"<img>{CONTEXT * 4}</img>"
    assert f"one {shown} two" in texts["one <image> two"]
    assert f"user\n{shown}\none" in texts["one"] == texts["<image>\none"]


def test_a_row_that_is_too_long_loses_a_split_image_as_a_whole(tokens: InternvlTokens, images: ImageReader) -> None:
    row = row_of(images, "<image> and <image>", "0.jpg", "5.jpg")
    whole = FAMILY.encode_row(tokens, row, RowRules(hermes_2, LONG), images.size).ids
    begin = tokens.image[0]
    second = [position for position, token in enumerate(whole) if token == begin][1]
    for length in range(second - 1, second + 9):
        ids = FAMILY.encode_row(tokens, row, RowRules(hermes_2, length), images.size).ids
        assert ids == whole[: second if second <= length < second + 6 else length]


def test_llavas_original_rules_are_refused(tokens: InternvlTokens, vlm: Vlm, images: ImageReader) -> None:
    with pytest.raises(PipelineError, match="LLaVA's original code has no InternVL"):
        rules = RowRules(hermes_2, LONG, as_original=True)
        FAMILY.encode_row(tokens, row_of(images, "<image>\none", "0.jpg"), rules, images.size)
    with pytest.raises(PipelineError, match="an InternVL cannot be shown images as LLaVA's scripts"):
        vlm.show(Image.new("RGB", (8, 8)), padded_first=True)


def test_every_parameter_belongs_to_one_part(vlm: Vlm) -> None:
    for name, _ in vlm.model.named_parameters():
        assert sum(name.startswith(prefixes) for prefixes in FAMILY.PARTS.values()) == 1, name


def test_another_image_changes_the_logits_and_other_rows_do_not(vlm: Vlm, images: ImageReader) -> None:
    rows = [asked(vlm, images, "What is it? one two", "0.jpg"), asked(vlm, images, "What?", "5.jpg", "3.jpg")]
    rows.append(asked(vlm, images, "What is red?"))
    other = {**rows[0], "images": asked(vlm, images, "What?", "5.jpg")["images"]}
    alone = torch.cat([last_logits(vlm, [row]) for row in rows])
    assert_close(last_logits(vlm, rows), alone, 1e-5)
    assert not torch.allclose(last_logits(vlm, [other]), alone[:1], atol=0.01 * float(alone.abs().max()))


def test_answers_do_not_depend_on_the_batch(vlm: Vlm, images: ImageReader, tmp_path: Path) -> None:
    shown = [("0.jpg",), (), ("5.jpg", "3.jpg"), ("4.jpg",)]
    questions = [Question(str(n), "What is it? " + "one " * n, shown[n % 4], "part") for n in range(6)]
    texts = [answers(vlm, questions, images, tmp_path / str(size), tokens=size) for size in (1, 60, 4096)]
    assert texts[0] == texts[1] == texts[2] and len(set(texts[0])) > 1


def test_the_engine_answers_as_transformers_generates(vlm: Vlm, images: ImageReader, tmp_path: Path) -> None:
    example = asked(vlm, images, "What is it?", "0.jpg")
    with torch.inference_mode():
        batch = vlm.collate([example], "left")
        suppressed = FAMILY.suppressed_ids(vlm)
        ids = vlm.model.generate(**batch, max_new_tokens=6, do_sample=False, suppress_tokens=suppressed)
    expected = vlm.tokens.tokenizer.decode(ids[0, len(example["input_ids"]) :], skip_special_tokens=True).strip()
    assert answers(vlm, [Question("1", "What is it?", ("0.jpg",), "part")], images, tmp_path / "replies") == [expected]


def test_a_checkpoint_keeps_its_pixel_shuffle(folder: Path, images: ImageReader, tmp_path: Path) -> None:
    first = load_vlm(folder)
    assert read_card(folder).pixel_shuffle == first.card.pixel_shuffle == "v1"
    first.set_card(first.card.model_copy(update={"pixel_shuffle": None}))
    first.save(tmp_path / "again")
    again = load_vlm(tmp_path / "again")
    assert again.card.pixel_shuffle == "v1"
    example = asked(first, images, "What?", "0.jpg")
    first.model.eval(), again.model.eval()
    assert torch.equal(last_logits(first, [example]), last_logits(again, [example]))
    card = (tmp_path / "again" / "vlmflow.json").read_text()
    (tmp_path / "again" / "vlmflow.json").write_text(card.replace('"v1"', '"v2"'))
    second = load_vlm(tmp_path / "again")
    second.model.eval()
    assert not torch.equal(last_logits(first, [example]), last_logits(second, [example]))
    (tmp_path / "again" / "vlmflow.json").write_text(card.replace('"v1"', "null"))
    with pytest.raises(PipelineError, match="states its `pixel_shuffle`"):
        load_vlm(tmp_path / "again")


def test_a_training_changes_the_parts_that_its_recipe_names(material: TrainingInputs, tmp_path: Path) -> None:
    after = train(material, full.Settings(name="full", **STEPS), tmp_path / "full")
    assert (read_card(after).family, read_card(after).pixel_shuffle) == ("internvl", "v1")
    differing = changed(material.base.start, after)
    assert not [name for name in differing if "vision_tower" in name]
    for part in ("self_attn", "multi_modal_projector.layer_norm", "multi_modal_projector.linear_2", "lm_head"):
        assert [name for name in differing if part in name], part


def test_a_batch_without_images_gives_what_reads_images_gradients_of_zero(vlm: Vlm, rows: list[Conversation]) -> None:
    vlm.model.train()
    encoded = FAMILY.encode_row(vlm.tokens, without_image(rows[0]), RowRules(hermes_2, LONG), lambda path: (1, 1))
    batch = vlm.collate([{"input_ids": encoded.ids, "labels": encoded.labels, "images": []}], "right")
    blank = FAMILY.blank_features(vlm.model, batch)
    assert blank is not None
    (vlm.model(**batch).loss + 0 * blank).backward()
    unused = "vision_tower.embeddings.mask_token"
    for name, parameter in vlm.model.named_parameters():
        assert parameter.grad is not None or unused in name, name
        if "multi_modal_projector" in name or "vision_tower" in name:
            assert not parameter.grad.any(), name


def test_rows_without_an_image_are_trained(material: TrainingInputs, tmp_path: Path) -> None:
    silent = replace(material, rows=[without_image(row) for row in material.rows])
    differing = changed(material.base.start, train(silent, full.Settings(name="full", **STEPS), tmp_path / "full"))
    assert [name for name in differing if "self_attn" in name]
    assert not [name for name in differing if "multi_modal_projector" in name]


def test_an_adapter_is_merged_into_its_base_and_answers(
    material: TrainingInputs, images: ImageReader, tmp_path: Path
) -> None:
    adapter = train(material, LORA, tmp_path / "adapter")
    assert (read_card(adapter).family, read_card(adapter).base) == ("internvl", BASE)
    receipt = merge(material.base, adapter, 0, tmp_path / "merged")
    assert all(distance <= AGREEMENT for distance in receipt["logits"].values())
    assert receipt["replaced"].keys() == changed(material.base.start, tmp_path / "merged")
    updated = [name for name in receipt["replaced"] if "language_model" in name]
    assert len(updated) == 2 * 7  # layers, their linear maps
    merged = load_vlm(tmp_path / "merged")
    assert merged.card.pixel_shuffle == "v1"
    assert len(answers(merged, [Question("1", "What?", ("0.jpg",), "part")], images, tmp_path / "replies")) == 1


def test_eight_rows_are_learned_by_heart(folder: Path, images: ImageReader, tmp_path: Path) -> None:
    texts = ["red", "green", "blue", "one two", "six", "three four", "red blue", "six one"]
    shown = [(path, "What is it?") for path in ("0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")]
    shown += [("0.jpg", "And what else?"), ("1.jpg", "And what else?")]
    rows = [
        replace(
            row_of(images, f"<image>\n{asks}", path),
            row=number,
            conversations=[{"from": "human", "value": f"<image>\n{asks}"}, {"from": "gpt", "value": text}],
        )
        for number, ((path, asks), text) in enumerate(zip(shown, texts, strict=True))
    ]
    recipe = full.Settings(name="full", **{**STEPS, "steps": 150, "batch_size": 8, "learning_rate": 3e-3})
    learned = load_vlm(
        train(TrainingInputs(Base(folder, digests=BASE), rows, images, seed=0), recipe, tmp_path / "full")
    )
    learned.model.eval()
    questions = [Question(str(n), asks, (path,), "part") for n, (path, asks) in enumerate(shown)]
    assert answers(learned, questions, images, tmp_path / "replies") == texts


def test_internvls_own_recipe_trains_the_tower_and_drops_paths(material: TrainingInputs, tmp_path: Path) -> None:
    settings = internvl12_sft.Settings(name="internvl12_sft", steps=2, epochs=None, batch_size=4)
    after = train(material, settings, tmp_path / "first")
    differing = changed(material.base.start, after)
    for part in ("vision_tower.encoder", "vision_tower.embeddings", "multi_modal_projector", "self_attn", "lm_head"):
        assert [name for name in differing if part in name], part
    assert not changed(after, train(material, settings, tmp_path / "second"))
    without = settings.model_copy(update={"drop_path": 0.0})
    assert changed(after, train(material, without, tmp_path / "third"))


def test_paths_are_dropped_for_whole_images_in_training_alone(vlm: Vlm) -> None:
    add_drop_path(vlm.model, 0.5)
    tower = vlm.model.model.vision_tower
    pixels = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).expand(64, -1, -1, -1)
    with torch.inference_mode():
        answered_with = tower.eval()(pixels).last_hidden_state
        torch.manual_seed(0)
        seen = tower.train()(pixels).last_hidden_state
        torch.manual_seed(0)
        again = tower(pixels).last_hidden_state
    assert_close(answered_with[1:], answered_with[:1].expand(63, -1, -1), 1e-5)
    assert torch.equal(seen, again)
    kinds = {tuple(image.flatten()[:5].round(decimals=3).tolist()) for image in seen}
    assert len(kinds) == 4  # of two layers the first drops nothing: with and without each branch of the second


def test_a_model_without_such_a_tower_drops_no_paths(llava: Llava) -> None:
    with pytest.raises(PipelineError, match="has no drop-path"):
        add_drop_path(llava.model, 0.4)
    add_drop_path(llava.model, 0.0)
