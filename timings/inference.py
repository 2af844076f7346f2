"""How fast questions are answered: this project, plain batches of transformers, one by one, and the original's loop.

    python timings/inference.py [--original DIR --python PYTHON] [--shapes pope mmbench digits] [--questions N]

`--original` is a checkout of haotian-liu/LLaVA c121f04, and `--python` an interpreter with transformers 4.37.2 for it;
without them, its loop is not measured. A random LLaVA of 37 million parameters on one thread, native numerics; every
side in a process of its own, in turn; seconds of the loop alone. All answers must be equal.

`digits` is the default study's POPE with its model `full`, after `make demo`; for it, also the answers are counted that
differ from those one by one in half precision.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator

from original_loop import peak

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent)]

ROOT = HERE.parent
DIGITS = "digits"
SHAPES = {"pope": [18] * 10, "mmbench": [1, 2, 3, 4] * 5}  # questions about each image
NEW_TOKENS, BATCH = 8, 16
BUDGETS, PRECISIONS = (1, 2048, 8192), ("float32", "bfloat16")
OBJECTS = ["car", "dog", "cat", "tree", "bus", "red", "book", "cup", "door", "left", "right", "night"]
SIDES = {
    "original": "the original's loop",
    "one": "`generate`, one by one",
    "batches": f"`generate`, batches of {BATCH} (digits: 64)",
    "packed": "vlmflow",
}


def main() -> None:
    """Make a model and questions, measure every side, and print a table a shape."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--original", type=Path)
    parser.add_argument("--python")
    parser.add_argument("--shapes", nargs="+", choices=[*SHAPES, DIGITS], default=list(SHAPES))
    parser.add_argument("--questions", type=int, help="of each shape; none: all")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        json.dump(measured(arguments.side, arguments.folder, arguments.shapes[0], arguments.questions), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = [shape for shape in arguments.shapes if shape != DIGITS]
        if made:
            make_model(folder)
        for shape in made:
            make_questions(folder, shape, arguments.questions)
            print_table(shape, {side: run(side, folder, shape, arguments) for side in sides(arguments)})
    if DIGITS in arguments.shapes:
        ours = [side for side in SIDES if side != "original"]
        print_table(DIGITS, {side: run(side, ROOT, DIGITS, arguments) for side in ours})
        print_changed(arguments.questions)


def sides(arguments: argparse.Namespace) -> list[str]:
    """Return the sides to measure."""
    return [side for side in SIDES if side != "original" or arguments.original]


def run(side: str, folder: Path, shape: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what a process of its own measures on a side."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder), "--shapes", shape]
    if arguments.questions:
        command += ["--questions", str(arguments.questions)]
    if side == "original":
        command = [arguments.python, str(HERE / "original_loop.py"), str(arguments.original), str(folder), shape]
    done = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def print_table(shape: str, results: dict[str, dict[str, Any]]) -> None:
    """Print the seconds of every side, how much faster this project is, and whether all answers are equal."""
    ours = results["packed"]
    count = len(ours["texts"])
    print(f"\n{shape}: {count} questions, {len(set(ours['texts'].values()))} different answers")
    print("| loop | wall, s | CPU, s | questions/s | vlmflow is faster | peak memory, MB | equal answers |")
    print("|---|---|---|---|---|---|---|")
    for side, result in results.items():
        wall, faster = result["wall"], result["wall"] / ours["wall"]
        equal = sum(result["texts"][name] == text for name, text in ours["texts"].items())
        speed = f"{wall:.2f} | {result['cpu']:.2f} | {count / wall:.2f} | {faster:.2f} x"
        print(f"| {SIDES[side]} | {speed} | {result['memory']:.0f} | {equal} of {count} |", flush=True)


def print_changed(most: int | None) -> None:
    """Print how many answers differ from those of `generate` one by one, by precision and tokens read at once."""
    import torch

    engine, requests = opened_digits()
    requests = requests[: most or 600]
    for precision in PRECISIONS:
        engine.vlm.model.to(getattr(torch, precision))
        alone = dict(batches(engine, requests, 1))
        others = (
            {reply.id: reply.text for reply in replace(engine, tokens=tokens).answer(requests, set())}
            for tokens in BUDGETS
        )
        changed = [sum(text != alone[name] for name, text in texts.items()) for texts in others]
        counts = ", ".join(f"{count} at {tokens}" for count, tokens in zip(changed, BUDGETS, strict=True))
        print(f"{precision}: answers that differ from `generate` one by one, by tokens read at once: {counts}")


def make_model(folder: Path) -> None:
    """Write the model in this project's layout and in the original's, whose tower is a folder of its own."""
    import torch
    from tests.models.sentences import write_tokenizer
    from transformers import CLIPConfig, CLIPModel, LlamaConfig, LlamaForCausalLM
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    from pipeline_lib.families.llava.model import compose, export
    from pipeline_lib.models.card import Card
    from pipeline_lib.models.layouts import ExportOptions
    from pipeline_lib.models.saving import save_model
    from pipeline_lib.models.sentencepiece import load_tokenizer

    torch.manual_seed(0)
    width = {"hidden_size": 384, "num_attention_heads": 6}
    tower = {**width, "num_hidden_layers": 12, "intermediate_size": 1536, "image_size": 336, "patch_size": 14}
    clip = CLIPModel(CLIPConfig(vision_config=tower, text_config={"num_hidden_layers": 1}, projection_dim=64))
    processor = CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
    save_model(clip, [processor], folder / "clip", Card(kind="clip"))
    files = write_tokenizer(folder / "tokenizer", legacy=True)
    shape = {**width, "num_hidden_layers": 8, "intermediate_size": 1024, "max_position_embeddings": 2048}
    language = LlamaForCausalLM(LlamaConfig(vocab_size=1000, initializer_range=0.08, **shape))
    save_model(language, [load_tokenizer(files)], folder / "language", Card(kind="language"))
    card = Card(kind="vlm", template="vicuna_v1", image_shape="pad")
    compose(folder / "language", folder / "clip", card, seed=0).save(folder / "model")
    options = ExportOptions(base=files, tower=str(folder / "clip"), clip=folder / "clip")
    export(folder / "model", folder / "llava-original", "original", options)


def make_questions(folder: Path, shape: str, most: int | None) -> None:
    """Write images of noise, and the questions about them as LLaVA's scripts read them."""
    import random

    import numpy as np
    from PIL import Image

    from pipeline_lib.core.text import write_lines

    (folder / "images").mkdir(exist_ok=True)
    draw, rows = random.Random(0), []
    for image, count in enumerate(SHAPES[shape]):
        noise = np.random.default_rng(image).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((640, 480)).save(folder / f"images/{image}.jpg")
        for _ in range(count):
            text = f"Is there a {draw.choice(OBJECTS)} and a {draw.choice(OBJECTS)} in the image?"
            rows.append({"question_id": len(rows), "image": f"{image}.jpg", "text": text, "category": "all"})
    write_lines(folder / f"{shape}.jsonl", rows[:most])


def measured(side: str, folder: Path, shape: str, most: int | None = None) -> dict[str, Any]:
    """Return the answers of a side, the seconds of its loop, and the peak memory of this process in MB."""
    import torch

    torch.set_num_threads(1)
    engine, requests = opened_digits() if shape == DIGITS else opened(folder, shape)
    requests = requests[:most]
    loops: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
        "packed": lambda: ((reply.id, reply.text) for reply in engine.answer(requests, set())),
        "batches": lambda: batches(engine, requests, 64 if shape == DIGITS else BATCH),
        "one": lambda: batches(engine, requests, 1),
    }
    wall, cpu = time.perf_counter(), time.process_time()
    texts = dict(loops[side]())
    times = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**times, "memory": peak(), "texts": texts}


def opened(folder: Path, shape: str) -> tuple[Any, list[Any]]:
    """Return the engine with the model, and the requests."""
    from tests.models.answering import settings_of

    from pipeline_lib.engines.base import Request
    from pipeline_lib.engines.transformers import engine_of
    from pipeline_lib.images.convert import ConvertSettings
    from pipeline_lib.images.index import merge, write_index
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.images.shard import convert_shard
    from pipeline_lib.models.opening import load_vlm

    paths, archive = sorted((folder / "images").iterdir()), folder / "images.tar"
    rows = convert_shard(folder / "images", paths, archive, archive, ConvertSettings(to="keep"))
    write_index(folder / "images.parquet", merge([rows], ""))
    vlm = load_vlm(folder / "model")
    vlm.model.eval()
    asked = [json.loads(line) for line in (folder / f"{shape}.jsonl").read_text().splitlines()]
    requests = [Request(str(row["question_id"]), row["text"], (row["image"],), NEW_TOKENS) for row in asked]
    return engine_of(vlm, ImageReader([folder / "images.parquet"]), settings_of("vicuna_v1")), requests


def opened_digits() -> tuple[Any, list[Any]]:
    """Return the engine with the default study's model `full`, and the requests of its POPE."""
    from tests.models.answering import settings_of

    from pipeline_lib.benchmarks import pope
    from pipeline_lib.benchmarks.base import Files
    from pipeline_lib.engines.base import Request
    from pipeline_lib.engines.transformers import engine_of
    from pipeline_lib.images.reader import ImageReader
    from pipeline_lib.models.opening import load_vlm

    os.chdir(ROOT)  # an index has paths relative to it
    vlm = load_vlm(Path("results/checkpoints/full"))
    vlm.model.eval()
    questions = pope.questions(Files(Path("data/raw/digits_pope/000/llava_pope_test.jsonl")), "llava15")
    requests = [Request(each.id, each.prompt, each.images, NEW_TOKENS) for each in questions]
    return engine_of(
        vlm, ImageReader([Path("data/images/digits_test_scenes/index.parquet")]), settings_of("vicuna_v1")
    ), requests


def batches(engine: Any, requests: list[Any], size: int) -> Iterator[tuple[str, str]]:
    """Yield answers as transformers' `generate` gives them to batches, every question with its own image."""
    import torch

    from pipeline_lib.models.decode import decode

    vlm = engine.vlm
    prompts = [engine._prompt(request).ids for request in requests]
    order = sorted(range(len(requests)), key=lambda number: len(prompts[number]))
    for start in range(0, len(order), size):
        numbers = order[start : start + size]
        shown = [[engine._show(path, False) for path in requests[number].images] for number in numbers]
        rows = [{"input_ids": prompts[number], "images": images} for number, images in zip(numbers, shown, strict=True)]
        batch = vlm.collate(rows, "left")
        with torch.inference_mode():
            how = {"max_new_tokens": NEW_TOKENS, "do_sample": False, "suppress_tokens": vlm.untrained_token_ids}
            new = vlm.model.generate(**batch, **how)[:, batch["input_ids"].shape[1] :]
        texts = [decode(vlm.tokenizer, ids).strip() for ids in new.tolist()]
        yield from ((requests[number].id, text) for number, text in zip(numbers, texts, strict=True))


if __name__ == "__main__":
    main()
