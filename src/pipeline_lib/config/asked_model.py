"""The model that a name of a study, or a folder, stands for when it is asked by hand: a run, weights, a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.config.ancestry import model_family
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Run, Study
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.engines.base import AnswerSettings, EngineSettings
from pipeline_lib.models.card import NAME, Card, expect_kind


@dataclass(frozen=True)
class AskedModel:
    """An engine, how it answers, and the checkpoint: its folder or, of a study, its manifest; a server has neither."""

    engine: EngineSettings
    how: dict[str, Any]  # of AnswerSettings, without decoding
    folder: Path | None = None
    manifest: Path | None = None

    def settings(self, **decoding: Any) -> AnswerSettings:
        """Return how it answers, with these settings of decoding."""
        return AnswerSettings.model_validate({**self.how, **decoding})


def asked_model(name: str, study: Study, results: Path) -> AskedModel:
    """Return the model of this name; PipelineError for an unknown one, or one that stands for several models."""
    folder, models = Path(name), [*study.trainings, *study.weights]
    runs = [study.runs[name]] if name in study.runs else []
    runs += [Run(model=name)] if name in models and all(run.model != name for run in runs) else []
    if len(runs) > 1:
        what = "a run and another model have this name"
        raise PipelineError(what, value=name, cure=f"ask {runs[0].model or 'another run'}, or rename one of them")
    if runs and (folder / NAME).is_file():
        raise PipelineError("a model of the study and a folder have this name", value=name, cure=f"ask ./{name}/.")
    if runs:
        return _of_run(runs[0], study, results)
    if folder.is_dir():
        return _of_folder(folder, study)
    known = dict.fromkeys([*study.runs, *models])
    raise PipelineError("no run, training, weights or folder of this name", value=name, cure=suggest(name, known))


def _of_run(run: Run, study: Study, results: Path) -> AskedModel:
    if run.model is None:
        return AskedModel(run.engine, {"family": None, "template": None, "threads": 1})
    kind = study.model_kind(run.model)
    if kind != "vlm":
        raise PipelineError("only a vision-language model answers questions", where=run.model, value=kind)
    (manifest,) = Paths(study, results.as_posix()).model_manifests(run.model)
    how: dict[str, Any] = {"family": model_family(study, run.model), "template": study.model_template(run.model)}
    how |= {"threads": study.threads, "numerics": study.numerics_of_jobs(), "device": study.device}
    return AskedModel(run.engine, how, manifest=Path(manifest))


def _of_folder(folder: Path, study: Study) -> AskedModel:
    card: Card = expect_kind(folder, "vlm")
    how: dict[str, Any] = {"family": card.family, "template": card.template}
    how |= {"threads": study.threads, "device": study.device}
    return AskedModel(Run().engine, how, folder=folder)
