"""Complete the benchmarks of a study by what their modules state: data, files, and the protocol's longest answer."""

from typing import Any, Mapping, Protocol, cast

from pipeline_lib.benchmarks.base import PROTOCOL, Asking, Benchmark
from pipeline_lib.benchmarks.families.data import Data, Sources
from pipeline_lib.benchmarks.families.judging import is_always_judged, judged_scorer
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names

Tree = dict[str, Any]  # a study, or a part of it, as built-in types

MEMBERS = ("PRIMARY", "SHOWN", "PROTOCOLS", "SCORER", "DATA", "questions", "gold", "cluster")
READING = ("readers", "graders")  # tables of scorers by protocol
UNKNOWN: Tree = {"dataset": "none", "files": {"questions": "none"}, "images": []}  # until its name is refused


class StatedBenchmark(Benchmark, Protocol):
    """A benchmark module with `DATA`, which states where questions, gold answers and images come from."""

    DATA: Sources


def find_benchmark(name: object) -> StatedBenchmark | None:
    """Return a benchmark's module, None where there is none of this name; a module that lacks a member is refused."""
    if not isinstance(name, str) or name not in names("benchmarks"):
        return None
    module = load("benchmarks", name)
    lacking = [member for member in MEMBERS if not hasattr(module, member)]
    if lacking:
        cure = "write them as in docs/extending.md"
        raise PipelineError("this benchmark lacks members", where=module.__name__, value=", ".join(lacking), cure=cure)
    _check_members(cast(StatedBenchmark, module), module.__name__)
    return cast(StatedBenchmark, module)


def data_of(name: str) -> Data:
    """Return the datasets of a benchmark by what its module states."""
    sources: Sources = load("benchmarks", name).DATA
    return sources.data(name)


def classes_of(name: str) -> tuple[str, ...]:
    """Return the texts of the classes that a benchmark's images are of, in their order; empty if it has no classes."""
    classes: tuple[str, ...] = getattr(load("benchmarks", name), "CLASSES", ())
    return classes


def is_judged(name: str) -> bool:
    """Return whether a language model judges the answers to a benchmark in every study."""
    return is_always_judged(load("benchmarks", name).SCORER)


def takes_judge(name: str) -> bool:
    """Return whether a language model may judge the answers to a benchmark."""
    return judged_scorer(load("benchmarks", name).SCORER) is not None


def _check_members(benchmark: StatedBenchmark, where: str) -> None:
    """Raise PipelineError for members of another type, and for protocols by which answers cannot be read."""
    asking = benchmark.PROTOCOLS.values() if isinstance(benchmark.PROTOCOLS, Mapping) else [None]
    if not isinstance(benchmark.DATA, Sources) or not all(isinstance(each, Asking) for each in asking):
        what = "`DATA` of a benchmark is a `Sources`, and `PROTOCOLS` has an `Asking` by each name"
        raise PipelineError(what, where=where, cure="write them as in docs/extending.md")
    for table in READING:
        unread = sorted(benchmark.PROTOCOLS.keys() - getattr(benchmark.SCORER, table, benchmark.PROTOCOLS).keys())
        if unread:
            what = f"the `{table}` of this benchmark's scorer lack a protocol"
            raise PipelineError(what, where=where, value=", ".join(unread), cure="add it, or remove the protocol")


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
    benchmark = find_benchmark(full["benchmark"])
    if benchmark is None:
        return {**UNKNOWN, **full}
    defaults = data_of(full["benchmark"]).use()
    if "dataset" in use:  # then the study states where questions and gold are
        del defaults["gold"]
    full = {**defaults, **full}
    protocol, decoding = full.get("protocol", PROTOCOL), full.get("decoding", {})
    if isinstance(protocol, str) and protocol in benchmark.PROTOCOLS and isinstance(decoding, dict):
        full["decoding"] = {"max_new_tokens": benchmark.PROTOCOLS[protocol].max_new_tokens, **decoding}
    return full


def _data(use: Tree) -> Data | None:
    """Return the data that the module of a benchmark states, None for an unknown benchmark."""
    name = use.get("benchmark")
    return data_of(name) if isinstance(name, str) and find_benchmark(name) is not None else None


def _names(use: Tree) -> set[str]:
    """Return the names of the datasets that a benchmark uses."""
    images = use.get("images")
    names = [use.get("dataset"), use.get("gold"), *(images if isinstance(images, list) else [])]
    return {name for name in names if isinstance(name, str)}
