"""Train a language model alone, on rows without images."""

from functools import partial

from transformers import LlamaForCausalLM

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.batches import text_batch
from pipeline_lib.models.card import Card, expect_kind
from pipeline_lib.models.encoded import RowRules, encoded_text
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.batches import trained_row
from pipeline_lib.training.task import Examples, Features, Task, TrainingInputs


def language_task(material: TrainingInputs, template: Template, max_length: int) -> Task:
    """Return the task of training all of a language model; a row with an image raises PipelineError."""
    card = expect_kind(material.base.start, "language")
    with_image = next((row for row in material.rows if row.image is not None), None)
    if with_image is not None:
        raise PipelineError(
            "a language model cannot be trained on a row with an image",
            where=f"row {with_image.row}",
            value=with_image.image,
        )
    model = load_model(LlamaForCausalLM, material.base.start)
    tokenizer = load_tokenizer(material.base.start)
    rules = RowRules(template, max_length)

    def make(row: Conversation) -> Features:
        return trained_row(row, rules, encoded_text(row, tokenizer, rules))

    return Task(
        model=model,
        examples=Examples(material.rows, make),
        collate=partial(text_batch, pad=int(tokenizer.pad_token_id), side="right"),
        save=lambda folder: save_model(model, [tokenizer], folder, Card(kind="language", family=card.family)),
    )
