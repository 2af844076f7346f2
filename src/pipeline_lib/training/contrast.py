"""Train CLIP on image-caption pairs."""

from functools import partial

from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.card import Card, expect_kind
from pipeline_lib.models.family import Shown
from pipeline_lib.models.saving import load_model, save_model
from pipeline_lib.training.batches import ImageCache, collate_pairs
from pipeline_lib.training.task import Examples, Features, Task, TrainingInputs


def contrastive_task(material: TrainingInputs) -> Task:
    """Return the task of training all of a CLIP model; the caption is the first answer of each row."""
    expect_kind(material.base.start, "clip")
    other = next((row for row in material.rows if len(row.images) != 1), None)
    if other is not None:
        paths = [path for path, _ in other.images]
        raise PipelineError("a pair has one image", where=f"row {other.row}", value=paths, cure="remove the row")
    model = load_model(CLIPModel, material.base.start)
    tokenizer = AutoTokenizer.from_pretrained(material.base.start, local_files_only=True, trust_remote_code=False)
    processor = CLIPImageProcessorPil.from_pretrained(
        material.base.start, local_files_only=True, trust_remote_code=False
    )

    def show(path: str, pin: str) -> Shown:
        return {"pixel_values": processor(material.images.open(path, pin), return_tensors="pt")["pixel_values"][0]}

    shown = ImageCache(show)

    def make(row: Conversation) -> Features:
        ids = tokenizer(row.conversations[1]["value"], truncation=True)["input_ids"]
        return {"input_ids": ids, **shown(*row.images[0])}

    return Task(
        model=model,
        examples=Examples(material.rows, make),
        collate=partial(collate_pairs, pad=int(tokenizer.pad_token_id)),
        save=lambda folder: save_model(model, [tokenizer, processor], folder, Card(kind="clip")),
    )
