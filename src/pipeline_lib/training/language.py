"""Train a language model alone, on rows without images."""

from functools import partial

from transformers import LlamaForCausalLM

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, expect_kind
from pipeline_lib.models.rows import Encoding
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.models.sentencepiece import load_tokenizer
from pipeline_lib.prompts.base import Template
from pipeline_lib.training.batches import collate_conversations, encode_row
from pipeline_lib.training.task import Examples, Task, TrainingInputs


def language_task(material: TrainingInputs, template: Template, max_length: int) -> Task:
    """Return the task of training all of a language model; a row with an image raises PipelineError."""
    expect_kind(material.base.start, "language")
    with_image = next((row for row in material.rows if row.image is not None), None)
    if with_image is not None:
        raise PipelineError(
            "a language model cannot be trained on a row with an image",
            where=f"row {with_image.row}",
            value=with_image.image,
        )
    model = load_model(LlamaForCausalLM, material.base.start)
    tokenizer = load_tokenizer(material.base.start)
    make = partial(encode_row, encoding=Encoding(tokenizer, template, 0, max_length))
    return Task(
        model=model,
        examples=Examples(material.rows, make),
        collate=partial(collate_conversations, pad=int(tokenizer.pad_token_id)),
        save=lambda folder: save_model(model, [tokenizer], folder, Card(kind="language")),
    )
