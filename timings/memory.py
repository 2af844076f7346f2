"""Compare what trainings need of memory with the formula of `vlmflow plan`: a LLaVA of a twentieth of 7B, on the CPU.

    python timings/memory.py [--shape twentieth|seventieth|tiny] [--cases full lora ...]

The model has LLaVA-1.5's proportions, vocabulary, image size and tokens of an image, and random weights. Each case is a
real training of two steps with native numerics in processes of its own: the most resident memory of the training, less
what the process had when it had imported everything, beside the formula for the rows that it trained on. It is measured
twice: with an allocator that returns every large block at once, which shows what tensors take, and as glibc's works by
itself, which keeps freed blocks. Peaks differ a little between runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

SHAPES: dict[str, dict[str, Any]] = {
    "twentieth": {
        "words": 32_000,
        "text": {"hidden_size": 1280, "intermediate_size": 3440, "num_hidden_layers": 12, "num_attention_heads": 10},
        "vision": {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 11, "num_attention_heads": 8,
                   "image_size": 336, "patch_size": 14},
    },
    "seventieth": {
        "words": 32_000,
        "text": {"hidden_size": 768, "intermediate_size": 2064, "num_hidden_layers": 6, "num_attention_heads": 6},
        "vision": {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 4,
                   "image_size": 336, "patch_size": 14},
    },
    "tiny": {
        "words": 2000,
        "text": {"hidden_size": 128, "intermediate_size": 344, "num_hidden_layers": 4, "num_attention_heads": 4},
        "vision": {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2,
                   "image_size": 336, "patch_size": 14},
    },
}  # fmt: skip
RATE = {"steps": 2, "learning_rate": 1e-5, "clip_norm": 1.0}
CASES: dict[str, dict[str, Any]] = {
    "full": {"recipe": {"name": "full", "batch_size": 2}},
    "full, two passes": {"recipe": {"name": "full", "batch_size": 4}, "devices": {"micro_batch": 2}},
    "full, recomputed": {"recipe": {"name": "full", "batch_size": 2}, "devices": {"recompute_activations": True}},
    "full, bfloat16": {"recipe": {"name": "full", "batch_size": 2}, "devices": {"precision": "bfloat16"}},
    "lora": {"recipe": {"name": "lora", "batch_size": 2, "rank": 64}},
    "projector": {"recipe": {"name": "projector", "batch_size": 2}},
}
WORDS, ANSWER = 90, 60  # of a row's question and of its answer, each a token
RETURNING = {"MALLOC_MMAP_THRESHOLD_": str(2**16), "MALLOC_TRIM_THRESHOLD_": str(2**16)}


def main() -> None:
    """Parse the command line, make the model, train every case in a process, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="twentieth")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--train", help=argparse.SUPPRESS)  # one case, in the folder that has the model
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        sys.stdout.write(json.dumps(trained(arguments.train, arguments.folder)) + "\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--shape", arguments.shape, "--folder", folder, "--train"]
        run([*command, "make"], folder)
        print("| training | formula, MB | tensors, MB | by the formula | with glibc's allocator, MB | by the formula |")
        print("|---" * 6 + "|")
        for case in arguments.cases:
            cells = []
            for allocator in (RETURNING, {}):
                formula, peak = json.loads(run([*command, case], folder, allocator).splitlines()[-1])
                cells.append(f"{peak / 1e6:.0f} | {peak / formula:.2f}")
            print(f"| {case} | {formula / 1e6:.0f} | {' | '.join(cells)} |", flush=True)


def run(command: list[str], folder: str, allocator: dict[str, str] | None = None) -> str:
    """Return what a process prints."""
    environment = {**os.environ, "TMPDIR": folder, **(allocator or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise subprocess.SubprocessError(done.stderr[-3000:])
    return done.stdout


def trained(case: str, folder: Path) -> list[int]:
    """Train one case; return the bytes by the formula, and the most that the process took beyond its imports."""
    from tests.small_images import small_images

    from pipeline_lib.models.base import Base
    from pipeline_lib.training.settings import TrainSettings
    from pipeline_lib.training.task import TrainingInputs

    if case == "make":
        make(SHAPES[shape_name()], folder)
        return []
    images = small_images(Path(tempfile.mkdtemp(dir=folder)))
    how = CASES[case]
    settings = TrainSettings.model_validate(
        {
            **how,
            "recipe": {**RATE, **how["recipe"]},
            "seed": 0,
            "threads": len(os.sched_getaffinity(0)),
            "numerics": "native",
        }
    )
    material = TrainingInputs(Base(folder / "llava"), rows(images), images, seed=0)
    formula = needed(settings, material, folder)
    return [formula, peak(settings, material, Path(tempfile.mkdtemp(dir=folder)))]


def shape_name() -> str:
    """Return the name of the shape on the command line."""
    return sys.argv[sys.argv.index("--shape") + 1]


def make(shape: dict[str, Any], folder: Path) -> None:
    """Write a random LLaVA with a vocabulary of `words` tokens, most of them whole words."""
    from pipeline_lib.conversations.table import Conversation
    from pipeline_lib.training.settings import WeightsSettings
    from pipeline_lib.training.weights import make_weights
    from pipeline_lib.weights.base import WeightsInputs

    whole = [f" word{number}" for number in range(shape["words"] - 300)]
    texts = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1}
    tower = {"kind": "clip", "tokenizer": {"vocabulary": 300}, "vision": shape["vision"], "text": texts}
    tower["projection_dim"] = 64
    language = {"kind": "llama", "tokenizer": {"vocabulary": shape["words"], "whole": whole}, "config": shape["text"]}
    settings = {"make": {"kind": "llava", "language": language, "tower": tower}, "seed": 0, "threads": 2}
    turns = [{"from": "human", "value": "What is in this picture?"}, {"from": "gpt", "value": "a little bit of noise"}]
    words = [Conversation(0, "0", None, None, turns)]
    make_weights(WeightsSettings.model_validate(settings), WeightsInputs(words), folder / "llava")


def rows(images: Any) -> list[Any]:
    """Return conversations of equal length about one image each, as many as two steps of any case take."""
    from pipeline_lib.conversations.table import Conversation

    asked, answer = (
        "".join(f" word{start + number}" for number in range(count)) for start, count in ((0, WORDS), (WORDS, ANSWER))
    )
    turns = [{"from": "human", "value": f"<image>\n{asked}"}, {"from": "gpt", "value": answer.strip()}]
    names = [f"{number % 6}.jpg" for number in range(16)]
    return [Conversation(n, str(n), name, images.row(name).pin, turns) for n, name in enumerate(names)]


def needed(settings: Any, material: Any, folder: Path) -> int:
    """Return the bytes by the formula, for the rows' real number of tokens and of trained ones."""
    from pipeline_lib.models.encoded import RowRules
    from pipeline_lib.models.family import load_family
    from pipeline_lib.models.opening import open_tokens
    from pipeline_lib.prompts import vicuna_v1
    from pipeline_lib.training.memory import sizes_of
    from pipeline_lib.training.need import Rows, need

    tokens = open_tokens(folder / "llava", None)
    encoded = load_family("llava").encode_row(tokens, material.rows[0], RowRules(vicuna_v1, 2048), material.images.size)
    batch, devices = settings.recipe.batch_size, settings.devices
    count = Rows(devices.rows(batch), len(encoded.ids), encoded.trained, devices.passes(batch))
    return need(sizes_of(settings.recipe, material), devices, count).total


def peak(settings: Any, material: Any, folder: Path) -> int:
    """Train, and return the most resident memory beyond that of the process before."""
    import pipeline_lib.models.adapter
    import pipeline_lib.training.loop  # noqa: F401 (imports what a training needs, before the first look)
    from pipeline_lib.training.resume import Resume
    from pipeline_lib.training.run import train_recipe

    Path("/proc/self/clear_refs").write_text("5")  # the peak so far, of the imports, is forgotten
    before = resident("VmRSS")
    steps = train_recipe(material, settings, folder / "trained", Resume(folder / "state", 3600))
    if len(steps) != RATE["steps"]:
        raise ValueError("the training took other steps")
    return resident("VmHWM") - before


def resident(key: str) -> int:
    """Return a line of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) * 1024


if __name__ == "__main__":
    main()
