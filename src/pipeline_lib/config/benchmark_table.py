"""The table of benchmarks in docs/benchmarks.md, generated from their modules."""

import inspect
from typing import Iterator, cast

from pipeline_lib.benchmarks.base import Benchmark
from pipeline_lib.config.benchmark_data import StatedBenchmark
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names

START, END = "<!-- the table of benchmarks: `make reference` writes it -->", "<!-- the end of the table -->"
COLUMNS = ("benchmark", "about", "protocols (longest answer in tokens)", "metrics", "datasets (licence)", "submission")


def with_benchmark_table(page: str) -> str:
    """Return a page with the lines between START and END replaced by the table of all benchmarks."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise PipelineError("the page has no place for the table", value=f"no line {START if not start else END}")
    return f"{before}{START}\n\n{benchmark_table()}\n{END}{after}"


def benchmark_table() -> str:
    """Return the table in Markdown, one row a benchmark."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_cells, names("benchmarks"))]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _cells(name: str) -> tuple[str, ...]:
    module = load("benchmarks", name)
    benchmark = cast(StatedBenchmark, module)
    about = str(inspect.getdoc(module)).partition("\n")[0].rstrip(".")
    protocols = ", ".join(f"`{key}` ({asking.max_new_tokens})" for key, asking in benchmark.PROTOCOLS.items())
    submission = getattr(module, "SUBMISSION", "")
    datasets = ", ".join(f"`{key}` ({each.licence or 'unknown'})" for key, each in benchmark.DATA.datasets.items())
    return f"`{name}`", about, protocols, ", ".join(_metrics(benchmark)), datasets, submission and f"`{submission}`"


def _metrics(benchmark: Benchmark) -> Iterator[str]:
    """Yield the metrics of a small table, the primary one in bold."""
    for metric in dict.fromkeys((benchmark.PRIMARY, *benchmark.SHOWN)):
        yield f"**`{metric}`**" if metric == benchmark.PRIMARY else f"`{metric}`"
