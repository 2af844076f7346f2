"""What one job did, in a sentence, from its record alone."""

from pathlib import Path
from typing import Any, Callable

from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import artefact_of

Sentence = Callable[[MadeRecord], str]


def sentence(record: MadeRecord) -> str | None:
    """Return what a job did, None for the stages that decide no byte of a result, such as previews."""
    write = _SENTENCES.get(record.stage)
    return None if write is None else write(record)


def computing(record: MadeRecord) -> str:
    """Return the processor, threads and GPUs of the machine that made the bytes."""
    machine = record.making["machine"]
    torch = machine.get("torch")
    if not torch:
        return str(machine["processor"])
    gpus = torch.get("gpus") or []
    threads = torch.get("threads")
    return f"{', '.join(gpus) or machine['processor']} with {threads} thread{'s' * (threads != 1)}"


def _made(record: MadeRecord) -> str:
    return artefact_of(next(iter(record.outputs)))


def _inputs(record: MadeRecord, role: str) -> list[str]:
    return [artefact_of(str(path)) for path in record.roles.get(role) or []]


def _count(record: MadeRecord, name: str) -> str:
    value = record.notes.get(name)
    return f"{value:,}" if isinstance(value, int) else "an unknown number of"


def _setting(record: MadeRecord, *names: str) -> Any:
    value: Any = record.settings
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _gathered(record: MadeRecord) -> str:
    runs = ", ".join(map(str, record.settings.get("runs") or []))
    return f"{_made(record)} has the scores of {runs} on {_benchmark(record)}."


def _scored(record: MadeRecord) -> str:
    answers = ", ".join(_inputs(record, "answers"))
    judge = " and the replies of a judge" if record.roles.get("judged") else ""
    return f"{_made(record)} compares {answers} with the gold answers of {_benchmark(record)}{judge}."


def _benchmark(record: MadeRecord) -> str:
    return f"{record.settings.get('benchmark')} ({record.settings.get('protocol')})"


def _answered(record: MadeRecord) -> str:
    settings = record.settings
    model = ", ".join(_inputs(record, "model")) or f"a model behind a server ({settings.get('model_id')})"
    template = f", prompted as {settings['template']}" if settings.get("template") else ""
    length = f"up to {settings.get('max_new_tokens')} tokens, temperature {settings.get('temperature')}"
    engine = _setting(record, "engine", "name")
    return f"{_made(record)} are the answers of {model} by {engine}{template}, {length}, on {computing(record)}."


def _trained(record: MadeRecord) -> str:
    recipe, started = _setting(record, "recipe", "name"), " and ".join(_inputs(record, "start"))
    others = [path for role in ("tower", "projector") for path in _inputs(record, role)]
    start = f"from {started}" + (f" with {' and '.join(others)}" if others else "")
    subset = " and ".join(_inputs(record, "subset"))
    if not subset:
        return f"{_made(record)} was put together by {recipe} {start}, on {computing(record)}."
    rows, steps = f"{_count(record, 'rows')} rows of {subset}", _count(record, "steps")
    return f"{_made(record)} was trained on {rows} by {recipe} {start} in {steps} steps, on {computing(record)}."


def _merged(record: MadeRecord) -> str:
    adapter, start = " and ".join(_inputs(record, "adapter")), " and ".join(_inputs(record, "start"))
    return f"{_made(record)} is {adapter} merged into {start}: {_count(record, 'replaced')} tensors replaced."


def _sampled(record: MadeRecord) -> str:
    sample = record.settings.get("sample") or {}
    share = next((f"{name} {sample[name]}" for name in ("fraction", "count") if sample.get(name) is not None), "")
    how = f"{sample.get('strategy')}{f', {share}' if share else ''}, seed {record.settings.get('seed')}"
    return f"{_made(record)} has {_count(record, 'rows')} rows of {' and '.join(_inputs(record, 'table'))} ({how})."


def _tabulated(record: MadeRecord) -> str:
    source = record.settings.get("file") or "several files"
    images = sorted(Path(path).parent.name for path in _inputs(record, "indexes"))
    with_images = f" with images of {', '.join(images)}" if images else ""
    rejected = f"; {_count(record, 'rejected')} were rejected"
    return f"{_made(record)} has {_count(record, 'rows')} rows of {source}{with_images}{rejected}."


def _weights(record: MadeRecord) -> str:
    kind, tensors = _setting(record, "make", "kind"), record.notes.get("tensors")
    return f"{_made(record)} are starting weights of the kind {kind}" + (f" ({tensors})." if tensors else ".")


def _fetched(record: MadeRecord) -> str:
    source = _setting(record, "source", "kind")
    shard, shards = record.settings.get("shard"), record.settings.get("shards")
    of = f", shard {shard} of {shards}" if isinstance(shards, int) and shards > 1 else ""
    return f"{_made(record)} has {_count(record, 'files')} raw files from the source {source}{of}."


def _indexed(record: MadeRecord) -> str:
    shards = len(record.roles.get("shards") or [])
    return f"{_made(record)} lists the images of {shards} shard{'s' * (shards != 1)}."


_SENTENCES: dict[str, Sentence] = {
    **{"gather": _gathered, "score": _scored, "predict": _answered, "train": _trained, "merge": _merged},
    **{
        "sample": _sampled,
        "tabulate": _tabulated,
        "weights": _weights,
        "sample_embedded": _sampled,
        "fetch": _fetched,
        "index": _indexed,
    },
}
