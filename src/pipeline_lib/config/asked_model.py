"""The model that a name of a study, or a folder, stands for when it is asked by hand: a run, weights, a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.config.ancestry import model_family
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Run, Study
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.engines.base import AnswerSettings, EngineSettings
from pipeline_lib.models.card import NAME, Card, ModelKind, expect_kind

ENGINES: dict[str, Any] = {"vlm": {"name": "transformers"}, "clip": {"name": "nearest_text"}}  # by the kind of model


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


def asked_model(name: str, study: Study, results: Path, asks: ModelKind = "vlm") -> AskedModel:
    """Return the model of this name; PipelineError for an unknown one, or one that stands for several models.

    A run says by its engine which kind of model it asks; other names stand for a model of the kind `asks`.
    """
    folder, models = Path(name), [*study.trainings, *study.weights]
    runs = [study.runs[name]] if name in study.runs else []
    engine = Run.model_validate({"engine": ENGINES[asks]}).engine
    runs += [Run(model=name, engine=engine)] if name in models and all(run.model != name for run in runs) else []
    if len(runs) > 1:
        what = "a run and another model have this name"
        raise PipelineError(what, value=name, cure=f"ask {runs[0].model or 'another run'}, or rename one of them")
    if runs and (folder / NAME).is_file():
        raise PipelineError("a model of the study and a folder have this name", value=name, cure=f"ask ./{name}/.")
    if runs:
        return _of_run(runs[0], study, results)
    if folder.is_dir():
        return _of_folder(folder, study, engine)
    known = dict.fromkeys([*study.runs, *models])
    raise PipelineError("no run, training, weights or folder of this name", value=name, cure=suggest(name, known))


def _of_run(run: Run, study: Study, results: Path) -> AskedModel:
    if run.model is None:
        return AskedModel(run.engine, {"family": None, "template": None, "threads": 1})
    kind = study.model_kind(run.model)
    if kind != run.engine.asks:
        what = "only a vision-language model answers questions" if run.engine.asks == "vlm" else "this is no CLIP"
        raise PipelineError(what, where=run.model, value=kind)
    (manifest,) = Paths(study, results.as_posix()).model_manifests(run.model)
    how: dict[str, Any] = {"family": None, "template": None}
    if kind == "vlm":
        how = {"family": model_family(study, run.model), "template": study.model_template(run.model)}
    how |= {"threads": study.threads, "numerics": study.numerics_of_jobs(), "device": study.device}
    return AskedModel(run.engine, how, manifest=Path(manifest))


def _of_folder(folder: Path, study: Study, engine: EngineSettings) -> AskedModel:
    card: Card = expect_kind(folder, engine.asks)
    how: dict[str, Any] = {"family": card.family if engine.asks == "vlm" else None, "template": card.template}
    how |= {"threads": study.threads, "device": study.device}
    return AskedModel(engine, how, folder=folder)
