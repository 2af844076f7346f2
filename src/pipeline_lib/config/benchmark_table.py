"""The tables of benchmarks and of published figures in docs/benchmarks.md, generated from the modules."""

import inspect
from typing import Iterable, Iterator, cast

from pipeline_lib.benchmarks.base import Benchmark
from pipeline_lib.benchmarks.families.published import NO_ROWS, Published
from pipeline_lib.config.benchmark_data import StatedBenchmark, data_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names

START, END = "<!-- the table of benchmarks: `make reference` writes it -->", "<!-- the end of the table -->"
COLUMNS = (
    *("benchmark", "about", "protocols (longest answer in tokens)", "metrics", "datasets (licence)"),
    *("real rows seen", "submission"),
)
PUBLISHED_START = "<!-- the table of published figures: `make reference` writes it -->"
PUBLISHED_END = "<!-- the end of the published figures -->"
PUBLISHED_COLUMNS = ("benchmark", "metric", "protocol", "split", "figures", "document")


def with_benchmark_table(page: str) -> str:
    """Return a page with the tables of benchmarks and of published figures between the lines that mark them."""
    page = _replaced(page, START, END, benchmark_table())
    return _replaced(page, PUBLISHED_START, PUBLISHED_END, published_table())


def benchmark_table() -> str:
    """Return the table in Markdown, one row a benchmark."""
    return _table(COLUMNS, map(_cells, names("benchmarks")))


def published_table() -> str:
    """Return the published figures in Markdown, one row for every metric of a document."""
    return _table(PUBLISHED_COLUMNS, (row for name in names("benchmarks") for row in _published(name)))


def _replaced(page: str, first: str, last: str, table: str) -> str:
    """Return a page with the lines between two others replaced by a table."""
    before, start, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not start or not end:
        raise PipelineError("the page has no place for the table", value=f"no line {first if not start else last}")
    return f"{before}{first}\n\n{table}\n{last}{after}"


def _table(columns: tuple[str, ...], content: Iterable[tuple[str, ...]]) -> str:
    rows = [columns, ("---",) * len(columns), *content]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _published(name: str) -> Iterator[tuple[str, ...]]:
    tables: tuple[Published, ...] = getattr(load("benchmarks", name), "PUBLISHED", ())
    for table in tables:
        figures = [f"{model} {value}{'*' * (model in table.trained_on)}" for model, value in table.by_model()]
        factor = f" \u00d7 {table.times:g}" if table.times != 1 else ""
        split = f"{table.split} (server)" if table.server else table.split
        metric = f"`{table.metric}`{factor}"
        yield f"`{name}`", metric, f"`{table.protocol}`", split, ", ".join(figures), table.document.source


def _cells(name: str) -> tuple[str, ...]:
    module = load("benchmarks", name)
    benchmark = cast(StatedBenchmark, module)
    about = str(inspect.getdoc(module)).partition("\n")[0].rstrip(".")
    protocols = ", ".join(f"`{key}` ({asking.max_new_tokens})" for key, asking in benchmark.PROTOCOLS.items())
    submission = getattr(module, "SUBMISSION", "")
    datasets = ", ".join(f"`{key}` ({each.licence or 'unknown'})" for key, each in data_of(name).datasets.items())
    seen = getattr(module, "ROWS_SEEN", NO_ROWS)
    suffix = submission and f"`{submission}`"
    return f"`{name}`", about, protocols, ", ".join(_metrics(benchmark)), datasets, seen, suffix


def _metrics(benchmark: Benchmark) -> Iterator[str]:
    """Yield the metrics of a small table, the primary one in bold."""
    for metric in dict.fromkeys((benchmark.PRIMARY, *benchmark.SHOWN)):
        yield f"**`{metric}`**" if metric == benchmark.PRIMARY else f"`{metric}`"
