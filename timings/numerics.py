"""What portable numerics cost: a training step and a matrix product, portable beside native, in turn, on one thread.

    python timings/numerics.py

Each figure is the smallest of several processes of each kind, in milliseconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from pipeline_lib.machine.numerics import NumericSettings

ROUNDS = 3
KINDS = ("native", "portable")
COLUMNS = {
    "tiny": "step of a language model: 64 wide, 4 layers, 64 rows of 60 tokens",
    "middle": "step of a language model: 512 wide, 8 layers, 8 rows of 256 tokens",
    "product": "product of 611 x 384 and 384 x 1024",
}

MEASURE = """
import json, sys, time
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from pipeline_lib.models.portable import operations

torch.set_num_threads(1)


def smallest(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


def step(width, inner, layers, heads, vocabulary, rows, tokens):
    torch.manual_seed(0)
    shape = dict(hidden_size=width, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, **shape))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    ids = torch.randint(0, vocabulary, (rows, tokens))

    def work():
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return work


left, right = torch.randn(611, 384), torch.randn(384, 1024)
with operations(sys.argv[1]):
    times = {
        "tiny": smallest(step(64, 168, 4, 4, 512, 64, 60), 15),
        "middle": smallest(step(512, 1376, 8, 8, 4096, 8, 256), 3),
        "product": smallest(lambda: left @ right, 50),
    }
json.dump(times, sys.stdout)
"""


def main() -> None:
    """Measure both kinds in turn and print a table."""
    runs = [(kind, measured(kind)) for _ in range(ROUNDS) for kind in KINDS]
    print("| what | native, ms | portable, ms | ratio |\n|---|---|---|---|")
    for name, what in COLUMNS.items():
        native, portable = (min(times[name] for kind, times in runs if kind == wanted) for wanted in KINDS)
        print(f"| {what} | {native:.2f} | {portable:.2f} | {portable / native:.2f} |")


def measured(kind: str) -> dict[str, float]:
    """Return the milliseconds of each measure in a process of its own, which loads libraries as a job does."""
    variables = {**NumericSettings(threads=1, numerics=kind).variables(), "PYTHONPATH": sys.path[0]}
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", MEASURE, kind]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
