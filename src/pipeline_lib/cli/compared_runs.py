"""The answers of two runs of a study to its benchmarks, compared row by row."""

from pathlib import Path
from typing import Iterable

from pipeline_lib.benchmarks.base import open_files
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths, datasets_of
from pipeline_lib.config.study import Study
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.rescoring.compare import Compared, compare_answers


def compared_runs(name: str, runs: tuple[str, str], benchmark: str | None) -> dict[str, Compared]:
    """Return what differs between two runs, by benchmark; missing artefacts raise PipelineError."""
    study = load_study(study_path(name))
    for run in runs:
        _expect_known("run", run, study.runs)
    if benchmark is not None:
        _expect_known("benchmark", benchmark, study.benchmarks)
    paths = Paths(study, results_folder(name, study).as_posix())
    wanted = study.benchmarks if benchmark is None else [benchmark]
    for each in wanted:
        _expect_answers(name, [_answers(paths, run, each) for run in runs])
    return {each: _compared(study, paths, runs, each) for each in wanted}


def _answers(paths: Paths, run: str, benchmark: str) -> str:
    return f"{paths.results}/answers/{run}/{benchmark}.manifest.json"


def _expect_answers(study: str, manifests: list[str]) -> None:
    """Raise PipelineError for missing answers."""
    for path in manifests:
        if not Path(path).is_file():
            goal = path.replace(".manifest.json", ".jsonl")
            cure = f"snakemake -c2 {goal}{config_option(study)}"
            raise PipelineError("these answers are not made yet", where=path, cure=cure)


def _compared(study: Study, paths: Paths, runs: tuple[str, str], benchmark: str) -> Compared:
    cache, use = DigestCache(), study.benchmarks[benchmark]

    def manifests(listed: Iterable[str]) -> list[Manifest]:
        return [Manifest(Path(path), cache) for path in listed]

    settings = stages.score(study, benchmark, runs[0]).model_copy(update={"published": []})
    files = open_files(manifests(paths.raw_manifests(*datasets_of(use))), settings.files)
    images = ImageReader([index.file("index.parquet") for index in manifests(paths.index_manifests(use.images))])
    first, second = manifests(_answers(paths, run, benchmark) for run in runs)
    return compare_answers((first.only_file(), second.only_file()), files, settings, images)


def _expect_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise PipelineError for a name that is no entry of the study."""
    if name not in known:
        cure = f"{suggest(name, known)}; to compare files, add --questions and --benchmark"
        raise PipelineError(f"the study has no such {kind}", value=name, cure=cure)
