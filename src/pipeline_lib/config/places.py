"""Check that the local files and folders of a study exist, and that the disk has room for its models."""

import shutil
from pathlib import Path
from typing import Iterator, cast

from pipeline_lib.config.ancestry import needed_trainings
from pipeline_lib.config.problem import Key, Problem, problem_of
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.sets import annotation_path
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.plugins import load
from pipeline_lib.endpoints.keys import find_key
from pipeline_lib.endpoints.settings import Sending
from pipeline_lib.machine.site import locate
from pipeline_lib.servers.base import Served, ServerModule, ServerSettings
from pipeline_lib.sources.base import Source, SourceSettings

GB = 10**9
TENSORS = (".safetensors", ".bin", ".pth", ".pt")

Names = dict[str, list[str]]  # of the files of each dataset on this machine


def free_bytes(root: Path = Path()) -> int:
    """Return the free bytes on the project's disk."""
    return shutil.disk_usage(root).free


def place_problems(study: Study) -> Iterator[Problem]:
    """Yield a problem for everything that the study names and this machine lacks; downloads are not checked."""
    names: Names = {}
    for name, dataset in study.datasets.items():
        key = ("datasets", name, "source")
        try:
            files = _files(dataset.source)
        except PipelineError as error:
            yield problem_of(key, error, ", ".join(dataset.source.local_places()))
            continue
        if files is not None:
            names[name] = files
    yield from _tables(study, names)
    yield from _benchmarks(study, names)
    yield from _weights(study, names)
    yield from _keys(study)
    yield from _programs(study)


def room_problems(study: Study, results: Path, free: int) -> Iterator[Problem]:
    """Yield a problem if the models still to be trained need more than the free bytes.

    A model needs as much as the tensors that it starts from; only weights in a local folder have a size yet.
    """
    pending = [
        name for name in needed_trainings(study) if not (results / f"checkpoints/{name}.manifest.json").is_file()
    ]
    size = sum(_size(study, name) for name in pending)
    if size > free:
        what = (
            f"{len(pending)} models still to be trained need about {size / GB:.1f} GB, and {free / GB:.1f} GB are free"
        )
        yield Problem(("trainings",), what, ", ".join(pending), "make room, or train fewer models")


def _files(source: SourceSettings) -> list[str] | None:
    """Return the names of a local source's files, None for another source; PipelineError if a path does not exist."""
    module = cast(Source, load("sources", source.kind))
    if module.CHANGES:
        return module.list_names(source, 0)  # its error names the place, and the page of files to download by hand
    for path in map(locate, source.local_places()):
        if not path.exists():
            raise PipelineError("no such file or folder on this machine", cure=f"looked for {path.absolute()}")
    return None


def _tables(study: Study, names: Names) -> Iterator[Problem]:
    for name, table in study.tables.items():
        key = ("tables", name, "conversations")
        if table.conversations.file is not None:
            yield from _expect_file((*key, "file"), table.conversations.file, [table.dataset], names)
        for part, entry in table.conversations.sets.items() if table.dataset in names else ():
            try:
                annotation_path(entry.annotation, Path, list(names[table.dataset]))
            except PipelineError as error:
                yield problem_of((*key, "sets", part, "annotation"), error, entry.annotation)


def _benchmarks(study: Study, names: Names) -> Iterator[Problem]:
    for name, use in study.benchmarks.items():
        datasets = [use.dataset, *([use.gold] if use.gold else [])]
        for part, file in use.files.model_dump(exclude_none=True).items():
            yield from _expect_file(("benchmarks", name, "files", part), file, datasets, names)
        if use.judge is not None and use.replies is not None:
            files = [file for run in study.runs for file in use.judge.of_run(run).names()]
            for file in dict.fromkeys(files):
                yield from _expect_file(("benchmarks", name, "judge"), file, [use.replies], names)


def _weights(study: Study, names: Names) -> Iterator[Problem]:
    for name, weights in study.weights.items():
        below = getattr(weights.make, "below", "")
        if weights.dataset and below:
            yield from _expect_file(("weights", name, "make", "below"), below, [weights.dataset], names)


def _keys(study: Study) -> Iterator[Problem]:
    """Yield a problem for every server whose key is not on this machine."""
    engines: dict[Key, object] = {("runs", name, "engine"): run.engine for name, run in study.runs.items()}
    judges: dict[Key, object] = {("benchmarks", name, "judge"): use.judge for name, use in study.benchmarks.items()}
    for key, settings in (engines | judges).items():
        if isinstance(settings, Sending):
            try:
                find_key(settings.access)
            except PipelineError as error:
                named = settings.access.key or settings.access.key_file
                yield problem_of((*key, "access"), error, str(named))


def _programs(study: Study) -> Iterator[Problem]:
    """Yield a problem for every program that serves a checkpoint and is not on this machine."""
    for name, run in study.runs.items():
        program = getattr(run.engine, "program", None)
        if isinstance(program, ServerSettings):
            try:
                cast(ServerModule, load("servers", program.name)).command(program, Served(Path(), 0, study.device))
            except PipelineError as error:
                yield problem_of(("runs", name, "engine", "program"), error, program.name)


def _expect_file(key: Key, file: str, datasets: list[str], names: Names) -> Iterator[Problem]:
    """Yield a problem if a file or folder is in none of the datasets and all of them are on this machine."""
    if any(dataset not in names for dataset in datasets):
        return
    files = [name for dataset in datasets for name in names[dataset]]
    if not any(name == file or name.startswith(f"{file.strip('/')}/") for name in files):
        yield Problem(key, f"no such file or folder in {' and '.join(datasets)}", file, _nearest(file, files))


def _nearest(file: str, files: list[str]) -> str:
    return suggest(file, files) if len(files) <= 20 else f"it has {len(files):,} files"


def _size(study: Study, name: str) -> int:
    """Return the bytes of a model's tensors that are in a folder on this machine."""
    base = study.composition(name)
    if base is not None:
        return sum(_size(study, part) for part in (base.start, base.tower) if part)
    dataset = study.weights[name].dataset
    paths = study.datasets[dataset].source.local_places() if dataset else []
    below = str(getattr(study.weights[name].make, "below", ""))
    folders = [locate(path) / below for path in paths]
    files = (file for folder in folders if folder.is_dir() for file in folder.rglob("*") if file.suffix in TENSORS)
    return sum(file.stat().st_size for file in files if file.is_file())
