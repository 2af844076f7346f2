"""Convert, load, ask and train a random LLaVA of LLaVA-1.5 7B's shape, and print what each took.

    python timings/seven_billion.py                 # on a GPU; 70 GB of disk, 64 GB of main memory
    python timings/seven_billion.py --shape tiny    # the same steps on a processor, in a minute

The model is made from its configuration in bfloat16, written in the original's layout and converted; it answers 200
questions about images of noise and takes 20 steps of LoRA with 4 rows each. Random weights answer nonsense at the speed
of trained ones. "memory" is the most that the GPU held in that step, or this process so far without one.
"""

import argparse
import datetime
import io
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, LlavaConfig, LlavaForConditionalGeneration
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from pipeline_lib.benchmarks.base import FileNames, Question
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.text import pretty_json
from pipeline_lib.engines.transformers import Settings as Transformers
from pipeline_lib.engines.transformers import engine_of
from pipeline_lib.families.llava.layouts.names import original_name
from pipeline_lib.families.llava.layouts.original import convert_original
from pipeline_lib.families.llava.layouts.original_config import original_config
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.families.llava.rows import Encoding, encoded_row
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import merge, write_index
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.inference.predict import predict
from pipeline_lib.inference.saved import SavedReplies
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.machine.facts import machine_facts
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import Card, write_card
from pipeline_lib.models.tokenizer import train_language_tokenizer
from pipeline_lib.recipes import lora
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import Devices, TrainSettings
from pipeline_lib.training.task import TrainingInputs

QUESTIONS, STEPS, ROWS, ANSWER = 200, 20, 4, 32
CARD = Card(kind="vlm", template="vicuna_v1", image_shape="pad")


@dataclass(frozen=True)
class Shape:
    """A LLaVA's shape: the language model's settings, the tower's, the vocabulary, the rank of its updates."""

    text: dict[str, Any]
    vision: dict[str, Any]
    rows: int
    rank: int


SHAPES = {
    "7b": Shape(
        {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
         "max_position_embeddings": 4096},
        {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
         "image_size": 336, "patch_size": 14, "projection_dim": 768},
        32000, 128,
    ),
    "tiny": Shape(
        {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 2048},
        {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
         "image_size": 56, "patch_size": 14, "projection_dim": 16},
        400, 8,
    ),
}  # fmt: skip


def main() -> None:
    """Parse the command line, run all steps, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="7b")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if arguments.shape == "7b" and device == "cpu":
        parser.error("the shape 7b needs a GPU, and torch sees none here")
    name = torch.cuda.get_device_name() if device == "cuda" else machine_facts()["processor"]
    print(
        f"shape {arguments.shape}, {name}, torch {torch.__version__}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}\n"
    )
    print("| what | seconds | memory, GB | tokens a second |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        run(SHAPES[arguments.shape], device, Path(folder))


def run(shape: Shape, device: str, folder: Path) -> None:
    """Make the model and the images, then convert, load, ask and train, printing a row of each."""
    timed("make", device, lambda: make(shape, device, folder))
    pictures = images(folder)
    files = {path.name: path for path in (folder / "original").iterdir()}
    timed("convert", device, lambda: convert_original(files, folder / "tower", CARD, folder / "llava"))
    timed("load", device, lambda: load_llava(folder / "llava").model.to(device))
    timed(f"answer {QUESTIONS} questions", device, lambda: ask(device, folder, pictures))
    timed(f"{STEPS} steps of LoRA", device, lambda: train(shape, device, folder, pictures))


def timed(what: str, device: str, step: Callable[[], Any]) -> None:
    """Take a step and print its row; a step that returns a number has handled so many tokens."""
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    began = time.monotonic()
    tokens = step()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = time.monotonic() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    held = torch.cuda.max_memory_allocated() if device == "cuda" else most
    rate = f"{tokens / seconds:.0f}" if isinstance(tokens, int) else ""
    print(f"| {what} | {seconds:.1f} | {held / 1e9:.2f} | {rate} |", flush=True)


def make(shape: Shape, device: str, folder: Path) -> None:
    """Write a random LLaVA in the original's layout, and its tower as a CLIP model."""
    text = {**shape.text, "model_type": "llama", "vocab_size": shape.rows, "tie_word_embeddings": False}
    text |= {"bos_token_id": 1, "eos_token_id": 2}
    config = LlavaConfig(
        text_config=text,
        vision_config={**shape.vision, "model_type": "clip_vision_model"},
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = LlavaForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    tower = {name: tensor for name, tensor in tensors.items() if ".vision_tower." in name}
    write_tower(
        shape, {f"vision_model.{name.split('vision_tower.')[1]}": value for name, value in tower.items()}, folder
    )
    original = folder / "original"
    original.mkdir()
    own = {original_name(name): tensor for name, tensor in tensors.items() if name not in tower}
    save_file(own, original / "model.safetensors", metadata={"format": "pt"})
    told = original_config(config.to_dict(), shape.rows, "pad", "random", inside=False)
    (original / "config.json").write_text(pretty_json(told))
    tokenizer(shape.rows).save_pretrained(original)


def write_tower(shape: Shape, tensors: dict[str, torch.Tensor], folder: Path) -> None:
    """Write the vision half of a CLIP model."""
    place = folder / "tower"
    CLIPConfig(vision_config=shape.vision, projection_dim=shape.vision["projection_dim"]).save_pretrained(place)
    side = shape.vision["image_size"]
    CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side}).save_pretrained(
        place
    )
    save_file(tensors, place / "model.safetensors", metadata={"format": "pt"})
    write_card(place, Card(kind="clip"))


def tokenizer(rows: int) -> Any:
    """Return a small tokenizer, filled up to a vocabulary's size."""
    made = train_language_tokenizer(["What is in this picture?"] * 8, 300, [" USER:", " ASSISTANT:"])
    made.add_tokens([f"<filler {number}>" for number in range(rows - len(made))])
    return made


def images(folder: Path) -> ImageReader:
    """Return a reader of eight images of noise."""
    raw = folder / "raw"
    raw.mkdir()
    for number in range(8):
        buffer = io.BytesIO()
        Image.effect_noise((480, 360), 90).convert("RGB").save(buffer, "JPEG")
        (raw / f"{number}.jpg").write_bytes(buffer.getvalue())
    rows = convert_shard(raw, list(raw.iterdir()), folder / "0.tar", folder / "0.tar", ConvertSettings(to="jpeg"))
    write_index(folder / "index.parquet", merge([rows], ""))
    return ImageReader([folder / "index.parquet"])


def ask(device: str, folder: Path, pictures: ImageReader) -> int:
    """Answer the questions; return the tokens of the answers."""
    llava = load_llava(folder / "llava")
    llava.model.eval().to(device, torch.bfloat16 if device == "cuda" else torch.float32)
    asked = [Question(str(n), f"What is in this picture? {n}", (f"{n % 8}.jpg",), "all") for n in range(QUESTIONS)]
    how = PredictSettings(
        engine=Transformers(),
        family="llava",
        benchmark="pope", template=str(llava.card.template), protocol="llava15", files=FileNames(questions="none"),
        model_id="random", threads=1, max_new_tokens=ANSWER,
    )  # fmt: skip
    answers = predict(engine_of(llava, pictures, how), asked, how, "random", SavedReplies(folder / "texts.jsonl"))
    return sum(len(llava.tokenizer.encode(answer["text"], add_special_tokens=False)) for answer in answers)


def train(shape: Shape, device: str, folder: Path, pictures: ImageReader) -> int:
    """Take the steps; return the tokens of their rows."""
    rows = []
    for number in range(STEPS * ROWS):
        name = f"{number % 8}.jpg"
        turns = [
            {"from": "human", "value": "<image>\nWhat is in this picture?"},
            {"from": "gpt", "value": "noise " * 40},
        ]
        rows.append(Conversation(number, str(number), name, pictures.row(name).pin, turns))
    recipe = lora.Settings(
        name="lora", rank=shape.rank, alpha=2 * shape.rank, steps=STEPS, batch_size=ROWS,
        learning_rate=2e-4, clip_norm=0.0,
    )  # fmt: skip
    precision = "bfloat16" if device == "cuda" else "float32"
    devices = Devices.model_validate({"precision": precision, "recompute_activations": True})
    how = TrainSettings(recipe=recipe, seed=0, threads=torch.get_num_threads(), device=device, devices=devices)
    material = TrainingInputs(Base(folder / "llava"), rows, pictures, seed=0)
    train_recipe(material, how, folder / "adapter", Resume(folder / "state", 3600))
    return sum(len(encoded_row(row, Encoding(*spoken(folder), length=2048)).ids) for row in rows)


def spoken(folder: Path) -> tuple[Any, Any, int]:
    """Return the tokenizer, the template and the tokens of an image."""
    from pipeline_lib.models.opening import open_tokens
    from pipeline_lib.prompts import vicuna_v1

    tokens = open_tokens(folder / "llava", None)
    return tokens.tokenizer, vicuna_v1, int(tokens.per_image or 0)


if __name__ == "__main__":
    main()
