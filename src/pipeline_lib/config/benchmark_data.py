"""Complete the benchmarks of a study by what their modules state: data, files, and the protocol's longest answer."""

from typing import Any

from pipeline_lib.benchmarks.base import Benchmark, find_benchmark
from pipeline_lib.benchmarks.families.data import Data

Tree = dict[str, Any]  # a study, or a part of it, as built-in types

UNKNOWN: Tree = {"dataset": "none", "files": {"questions": "none"}, "images": []}  # until its name is refused


def completed(tree: Any) -> Any:
    """Return a study's tree in which every benchmark has all its keys, and the study the datasets that they name.

    What the study states itself is left as it is: its own `dataset`, with `gold` and `files`, its own `images`, its
    `decoding`, and its own dataset of a name. What is no study is returned unchanged, for validation to refuse.
    """
    uses = tree.get("benchmarks") if isinstance(tree, dict) else None
    datasets = tree.get("datasets", {}) if isinstance(tree, dict) else None
    if not isinstance(uses, dict) or not isinstance(datasets, dict):
        return tree
    full = {name: _completed_use(name, use) if isinstance(use, dict) else use for name, use in uses.items()}
    stated = [data for use in full.values() if isinstance(use, dict) and (data := _data(use)) is not None]
    named = {name for use in full.values() if isinstance(use, dict) for name in _names(use)}
    offered = {name: dataset for data in stated for name, dataset in data.datasets.items() if name in named}
    added = {name: dataset.entry() for name, dataset in offered.items() if name not in datasets}
    return {**tree, "datasets": {**datasets, **added}, "benchmarks": full}


def _completed_use(name: str, use: Tree) -> Tree:
    """Return a benchmark's entry with all keys; `benchmark` is by default the name of the entry."""
    full = {"benchmark": name, **use}
    benchmark, data = find_benchmark(full["benchmark"]), _data(full)
    if benchmark is None or data is None:
        return {**UNKNOWN, **full}
    defaults = data.use()
    if "dataset" in use:  # then the study states where questions and gold are
        del defaults["gold"]
    full = {**defaults, **full}
    asking = benchmark.PROTOCOLS.get(full.get("protocol", "llava15"))
    decoding = full.get("decoding", {})
    if asking is not None and isinstance(decoding, dict):
        full["decoding"] = {"max_new_tokens": asking.max_new_tokens, **decoding}
    return full


def _data(use: Tree) -> Data | None:
    """Return the data that the module of a benchmark states, None for an unknown benchmark."""
    benchmark: Benchmark | None = find_benchmark(use.get("benchmark"))
    return None if benchmark is None else benchmark.DATA


def _names(use: Tree) -> set[str]:
    """Return the names of the datasets that a benchmark uses."""
    images = use.get("images")
    names = [use.get("dataset"), use.get("gold"), *(images if isinstance(images, list) else [])]
    return {name for name in names if isinstance(name, str)}
