"""The recipe `sco_lora` on a small random Mllama: what it updates, its template's tokens, and its schedule."""

import json
from pathlib import Path

import pytest

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.encode import IGNORED
from pipeline_lib.models.encoded import RowRules
from pipeline_lib.models.family import load_family
from pipeline_lib.models.merge import merge
from pipeline_lib.models.opening import load_vlm, open_tokens
from pipeline_lib.prompts import llama_3
from pipeline_lib.recipes import lora, sco_lora
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings, WeightsSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.training.weights import make_weights
from pipeline_lib.weights import mllama
from pipeline_lib.weights.base import WeightsInputs
from pipeline_lib.weights.llama import Tokenizer
from tests.models.trained import without_image

RECIPE = sco_lora.Settings(name="sco_lora", batch_size=4, learning_rate=1e-2)


@pytest.fixture(scope="session")
def start(rows: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random Mllama whose images have an effect."""
    kind = mllama.Settings(
        kind="mllama",
        tokenizer=Tokenizer(vocabulary=300),
        text=mllama.TextShape(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            cross_attention_layers=[1, 3],
            max_position_embeddings=512,
            initializer_range=0.3,
        ),
        vision=mllama.VisionShape(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_global_layers=1,
            attention_heads=2,
            intermediate_layers_indices=[0, 1],
            image_size=28,
            patch_size=14,
            initializer_range=0.3,
        ),
    )
    folder = tmp_path_factory.mktemp("sco") / "model"
    make_weights(WeightsSettings(make=kind, seed=0, threads=1), WeightsInputs(rows), folder)
    return folder


def test_it_updates_two_layers_of_the_language_model_and_falls_after_every_epoch(
    start: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> None:
    material = TrainingInputs(Base(start, digests={"start": "x"}), rows[:10], images, 0)
    how = TrainSettings(recipe=RECIPE, family="mllama", seed=0, threads=1)
    steps = train_recipe(material, how, tmp_path / "adapter", Resume(tmp_path / "state", 600))
    rates = [RECIPE.learning_rate * 0.85**epoch for epoch in range(3) for _ in range(3)]  # ten rows: three steps
    assert [step.learning_rate for step in steps] == pytest.approx(rates)
    receipt = merge(material.base, tmp_path / "adapter", 0, tmp_path / "merged")
    updated = {f"language_model.layers.{layer}.self_attn" for layer in (0, 2)}
    updated |= {f"language_model.layers.{layer}.cross_attn" for layer in (1, 3)}
    names = {f"model.{module}.{layer}.weight" for module in updated for layer in ("q_proj", "v_proj")}
    assert set(receipt["replaced"]) == names
    adapter = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert (adapter["r"], adapter["lora_alpha"], adapter["lora_dropout"]) == (8, 32, 0.05)


def test_a_layer_that_no_language_model_has_is_an_error(
    start: Path, rows: list[Conversation], images: ImageReader, tmp_path: Path
) -> None:
    recipe = RECIPE.model_copy(update={"layers": ["q_proj", "v_prj"]})
    material = TrainingInputs(Base(start, digests={"start": "x"}), rows, images, 0)
    with pytest.raises(PipelineError, match=r"(?s)no such layer.*did you mean 'v_proj'"):
        lora.prepare(recipe, material)


def test_rows_begin_once_and_train_the_answers_of_both_turns(
    start: Path, rows: list[Conversation], images: ImageReader
) -> None:
    turns = [*rows[0].conversations, {"from": "human", "value": "Sure?"}, {"from": "gpt", "value": "six"}]
    row = Conversation(0, "0", rows[0].image, rows[0].image_sha256, turns)
    tokens, family = open_tokens(start, None), load_family("mllama")
    encoded = family.encode_row(tokens, row, RowRules(llama_3, 512), images.size)
    text = tokens.tokenizer.decode(encoded.ids)
    assert encoded.ids.count(tokens.tokenizer.bos_token_id) == 1 and encoded.ids.count(tokens.image_id) == 1
    asked = turns[0]["value"].removeprefix("<image>\n")
    assert text.startswith(f"<s><|start_header_id|>user<|end_header_id|>\n\n<|image|>{asked}<|eot_id|>")
    trained = tokens.tokenizer.decode([token for token in encoded.labels if token != IGNORED])
    assert trained == f"\n\n{turns[1]['value']}<|eot_id|>\n\nsix<|eot_id|>"
    bare = family.encode_row(tokens, without_image(row), RowRules(llama_3, 512), images.size)
    assert bare.ids.count(tokens.image_id) == 0


def test_an_answer_ends_where_its_turn_does(start: Path) -> None:
    vlm = load_vlm(start)
    assert vlm.model.generation_config.eos_token_id == vlm.tokens.tokenizer.convert_tokens_to_ids(llama_3.END)
