"""What a training needs of memory, from the sizes of its model and the way it is trained; pure arithmetic, no torch.

Weights, gradients and optimizer states follow from the shapes. Activations are those that torch 2.13 stores for the
layers of transformers 5.23's Llama; a test compares them with the tensors that autograd really stores.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline_lib.training.settings import Devices

GIB = 2**30
WIDTH = {"float32": 4, "bfloat16": 2}  # bytes of a number
GATHERED = 10**9  # parameters that zero3 gathers at most, `stage3_max_live_parameters` of `zero.py`

Trains = Literal["all", "none", "lora"]  # of the language model's layers


@dataclass(frozen=True)
class Sizes:
    """Counts of all and of trained parameters, and the shape of the language model, if there is one.

    `trains` says what is trained of the language model's layers; with `lora`, updates of this rank behind a dropout.
    """

    parameters: int
    trained: int
    layers: int = 0
    hidden: int = 0
    intermediate: int = 0
    vocabulary: int = 0
    keys: int = 0
    trains: Trains = "all"
    rank: int = 0
    dropout: float = 0.0


@dataclass(frozen=True)
class Rows:
    """The rows of one process in one pass, of at most `tokens` tokens each, of which `trained` are trained at most.

    None: unknown; every token may be trained then. `passes` make a step.
    """

    count: int
    tokens: int | None = None
    trained: int | None = None
    passes: int = 1


@dataclass(frozen=True)
class Need:
    """Bytes that one process needs on its device; `activations` are None if the rows are unknown.

    `together`: gradients are there while activations are. `gathered` are whole copies of sharded weights.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int | None
    gathered: int = 0
    together: bool = True

    @property
    def certain(self) -> int:
        """Return the bytes for any rows: weights and optimizer."""
        return self.weights + self.optimizer

    @property
    def total(self) -> int:
        """Return the most that is there at once, without activations if they are unknown."""
        stored = self.activations or 0
        step = self.gradients + stored if self.together else max(self.gradients, stored)
        return self.certain + self.gathered + step


def need(sizes: Sizes, devices: Devices, rows: Rows) -> Need:
    """Return what one process needs for a step.

    Without sharding, weights, gradients and AdamW's two moments are float32, also if the precision is bfloat16. In
    several processes DistributedDataParallel has a second copy of the gradients, its buckets. In one process a step of
    one pass frees activations as it makes gradients, so that the larger of both counts, unless they are recomputed:
    then the last layer's are there with all gradients.
    DeepSpeed stores weights and gradients in the precision. It shards gradients, moments and a float32 copy of trained
    weights over the processes, with zero3 the weights too (Rajbhandari et al. 2020, arXiv 1910.02054, figure 1).
    FSDP shards what is there without sharding, all in float32; the layer that computes is whole, beyond this count.
    """
    width, share = WIDTH[devices.precision], devices.processes
    activations = None if rows.tokens is None else stored(sizes, devices, rows)
    if devices.by_deepspeed:
        whole = width * sizes.parameters
        if devices.sharding == "zero2":
            return Need(whole, width * sizes.trained // share, 12 * sizes.trained // share, activations)
        gathered = width * min(GATHERED, sizes.parameters) if share > 1 else 0
        return Need(whole // share, width * sizes.trained // share, 12 * sizes.trained // share, activations, gathered)
    weights, gradients, optimizer = 4 * sizes.parameters, 4 * sizes.trained, 8 * sizes.trained
    if devices.sharding == "fsdp":
        return Need(weights // share, gradients // share, optimizer // share, activations)
    if share > 1:
        return Need(weights, 2 * gradients, optimizer, activations)
    return Need(weights, gradients, optimizer, activations, together=rows.passes > 1 or devices.recompute_activations)


def stored(sizes: Sizes, devices: Devices, rows: Rows) -> int | None:
    """Return the bytes that the language model stores for its backward pass, None for a model without one.

    With recomputed activations each layer stores its input, and one layer at a time all of its vectors. Logits are
    those of trained positions: in the precision, and in float32 whole, masked, and their gradient. Autocast adds copies
    of the weights in bfloat16. What a frozen tower computes is freed before.
    """
    if not sizes.layers or rows.tokens is None:
        return None
    cast = devices.precision == "bfloat16" and not devices.by_deepspeed
    width = WIDTH[devices.precision]
    residual = 4 if cast else width
    tokens = rows.count * rows.tokens
    padded = rows.count > 1
    layer = vectors(sizes, devices, padded) + (rows.tokens * width if padded else 0)
    layers = sizes.layers * sizes.hidden * residual + layer if devices.recompute_activations else sizes.layers * layer
    outer = 4 * sizes.hidden * residual  # the embedded text, the last norm
    trained = tokens if rows.trained is None else rows.count * rows.trained
    weights = 2 * sizes.parameters if cast else 0
    return tokens * (layers + outer) + trained * sizes.vocabulary * (width + 12) + weights


def vectors(sizes: Sizes, devices: Devices, padded: bool) -> int:
    """Return the bytes that a layer stores for a token, without a mask of `padded` rows.

    Both norms store their input in float32, and their result where their weight is trained. Queries, keys, values and
    attention's result are stored, the inputs of linear layers where their weights or updates are trained, and three
    vectors of the feed-forward part. A mask makes attention repeat keys that several heads share. Autocast casts the
    input of every linear layer alone.
    """
    width, hidden, inner = WIDTH[devices.precision], sizes.hidden, sizes.intermediate
    cast, half = width == 2 and not devices.by_deepspeed, width == 2 and devices.by_deepspeed
    attention = (hidden + 2 * (hidden if padded else sizes.keys)) * width
    fixed = 8 * hidden + attention + 3 * inner * width
    if sizes.trains == "none":
        return fixed + hidden * width
    norms = 2 * hidden * (width if half else 4) if sizes.trains == "all" else 0
    inputs = (6 if cast else 3) * hidden * width + inner * width
    if sizes.trains == "all":
        return fixed + norms + inputs
    beside = hidden * width if cast else 0  # attention's result before it is cast
    updates = fixed + beside + inputs + 7 * sizes.rank * width
    dropped = 6 * hidden + inner  # the inputs of all seven updates, each with its own dropout
    if not sizes.dropout:
        return updates
    return updates + (4 * dropped if cast else 2 * dropped * width - (2 * hidden + inner) * width)


def describe(required: Need) -> str:
    """Return the parts of a need in words."""
    parts = {"weights": required.weights, "gradients": required.gradients, "optimizer": required.optimizer}
    if required.gathered:
        parts["gathered weights"] = required.gathered
    activations = "unknown" if required.activations is None else f"about {gib(required.activations)}"
    return ", ".join([*(f"{name} {gib(size)}" for name, size in parts.items()), f"activations {activations}"])


def gib(size: int) -> str:
    """Return a number of bytes in GiB."""
    return f"{size / GIB:.2f} GiB"
