"""Build the settings of each job from the tree: only what its stage uses, and no name that a user may change."""

from pathlib import Path
from typing import Any, Literal

from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.benchmarks.families.protocols import RANKED, UPRIGHT
from pipeline_lib.config.ancestry import model_family
from pipeline_lib.config.benchmark_data import classes_of
from pipeline_lib.config.limit import Limit
from pipeline_lib.config.rehearsal import stamp
from pipeline_lib.config.study import BenchmarkUse, Study
from pipeline_lib.conversations.sample import SampleSettings
from pipeline_lib.conversations.tabulate import TabulateSettings
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.fetching.listing import listing
from pipeline_lib.fetching.shard import FetchSettings
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import IndexSettings
from pipeline_lib.inference.settings import PredictSettings
from pipeline_lib.inspection.settings import InspectBenchmarksSettings, InspectQuestionsSettings
from pipeline_lib.judging.settings import JudgingSettings
from pipeline_lib.models.settings import MergeSettings
from pipeline_lib.preview.settings import InspectImagesSettings, InspectSettings, PreviewSettings
from pipeline_lib.recipes.base import Multimodal
from pipeline_lib.rehearsal.questions import QuestionsSettings
from pipeline_lib.rehearsal.rows import RowsSettings
from pipeline_lib.scoring.gather import GatherSettings
from pipeline_lib.scoring.published import figures_of
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.submit import SubmitSettings
from pipeline_lib.training.settings import Optimisation, RecipeSettings, TrainSettings, WeightsSettings
from pipeline_lib.training.zero import with_content
from pipeline_lib.validation.settings import ValidateSettings


def fetch(study: Study, dataset: str, shard: int, manifest: Path) -> FetchSettings:
    """Return the settings of one fetch job; `manifest` is that of the shard, if it was fetched before."""
    entry = study.datasets[dataset]
    return FetchSettings(
        source=entry.source,
        seed=study.seed,
        shard=shard,
        shards=entry.shards,
        listing=listing(entry.source, shard, entry.shards, manifest),
    )


def choose_rows(study: Study, table: str) -> RowsSettings:
    """Return the settings of the job that chooses the rows of a table, in a study with a limit."""
    entry = study.tables[table]
    return RowsSettings(
        file=entry.conversations.file,
        question=entry.conversations.question,
        answers=entry.conversations.answers,
        sets=entry.conversations.sets,
        rows=_limit(study).rows,
        seed=study.seed,
        images=_prefixes(study, entry.images),
    )


def choose_questions(study: Study, benchmark: str) -> QuestionsSettings:
    """Return the settings of the job that chooses the questions of a benchmark, of which a part is asked."""
    use = study.benchmarks[benchmark]
    rehearsed = study.limit.questions if study.limit else None
    return QuestionsSettings(
        benchmark=use.benchmark,
        protocol=use.protocol,
        files=question_files(use),
        questions=rehearsed if use.limit is None else _at_most(rehearsed, use.limit),
        first=_at_most(rehearsed, use.slice),
        seed=study.seed,
        images=_prefixes(study, use.images),
    )


def _at_most(rehearsed: int | None, part: int | None) -> int | None:
    """Return how many questions a part of a benchmark has, in a rehearsal no more than it asks; None for all."""
    return part if part is None or rehearsed is None else min(part, rehearsed)


def convert(study: Study, dataset: str) -> ConvertSettings:
    """Return the settings of a dataset's convert jobs."""
    settings = study.datasets[dataset].convert
    if settings is None:
        raise KeyError(f"dataset {dataset} is not converted")
    return settings


def index(study: Study, dataset: str) -> IndexSettings:
    """Return the settings of a dataset's index job."""
    return IndexSettings(prefix=study.datasets[dataset].prefix)


def tabulate(study: Study, table: str) -> TabulateSettings:
    """Return the settings of one tabulate job."""
    return study.tables[table].conversations


def sample(study: Study, subset: str) -> SampleSettings:
    """Return the settings of one sample job; all subsets share the study's seed, so that they nest."""
    return SampleSettings(sample=study.subsets[subset].sample, seed=study.seed)


def weights(study: Study, name: str) -> WeightsSettings:
    """Return the settings of one weights job; those of published files are the same in every study."""
    entry = study.weights[name]
    if not entry.make.computes:
        return WeightsSettings(make=entry.make, tables=entry.tables, seed=0, threads=1)
    return WeightsSettings(
        make=entry.make,
        tables=entry.tables,
        seed=study.seed,
        threads=study.threads,
        numerics=study.numerics_of_jobs(),
    )


def inspect(study: Study, training: str) -> InspectSettings:
    """Return the settings of the job that counts what a training sees of its conversations."""
    entry = study.trainings[training]
    if not isinstance(entry.recipe, Multimodal):
        raise KeyError(f"training {training} reads no conversations")
    return InspectSettings(
        family=model_family(study, training),
        template=entry.recipe.template,
        max_length=entry.recipe.max_length,
        as_original=entry.recipe.as_original,
        untrained=entry.untrained,
        sample=study.limit is not None,
        seed=study.seed,
    )


def inspect_images(study: Study, training: str) -> InspectImagesSettings:
    """Return the settings of the job that checks whether the rows of a training have images."""
    return InspectImagesSettings(images=study.trainings[training].recipe.makes == "clip")


def inspect_questions(study: Study, benchmark: str) -> InspectQuestionsSettings:
    """Return the settings of the job that checks a benchmark's questions."""
    use = study.benchmarks[benchmark]
    return InspectQuestionsSettings(benchmark=use.benchmark, protocol=use.protocol, files=use.files, scored=use.scored)


def inspect_benchmarks() -> InspectBenchmarksSettings:
    """Return the settings of the job that combines the verdicts on all benchmarks."""
    return InspectBenchmarksSettings()


def preview() -> PreviewSettings:
    """Return the settings of every preview job."""
    return PreviewSettings()


def train(study: Study, training: str) -> TrainSettings:
    """Return the settings of one train job."""
    entry = study.trainings[training]
    return TrainSettings(
        recipe=entry.recipe,
        family=model_family(study, training) if entry.recipe.makes == "vlm" else None,
        seed=study.seed if entry.seed is None else entry.seed,
        threads=study.threads,
        numerics=study.numerics_of_jobs(),
        device=_device(study, entry.recipe),
        devices=with_content(entry.devices),
    )


def validate(study: Study, training: str) -> ValidateSettings:
    """Return the settings of the jobs that compute the loss of a training's model on rows."""
    recipe = study.trainings[training].recipe
    if not isinstance(recipe, Multimodal):
        raise PipelineError(
            "this training has no loss on conversations", where=f"trainings.{training}", value=recipe.name
        )
    return ValidateSettings(
        family=model_family(study, training),
        template=recipe.template,
        max_length=recipe.max_length,
        as_original=recipe.as_original,
        seed=study.seed,
        threads=study.threads,
        device=study.device,
        numerics=study.numerics_of_jobs(),
    )


def merge(study: Study, model: str) -> MergeSettings:
    """Return the settings of the job that merges an adapter: of a training, or trained elsewhere."""
    family = model_family(study, model)
    return MergeSettings(family=family, seed=study.seed, threads=study.threads, numerics=study.numerics_of_jobs())


def predict(study: Study, run: str, benchmark: str) -> PredictSettings:
    """Return the settings of one predict job; the run's name is written into its answers."""
    use, model = study.benchmarks[benchmark], study.runs[run].model
    computed: dict[str, Any] = {"family": None, "template": None, "threads": 1}
    engine = study.runs[run].engine.of_benchmark(classes_of(use.benchmark))
    if model is not None and engine.asks != "vlm":
        computed |= {"threads": study.threads, "device": study.device, "numerics": study.numerics_of_jobs()}
    elif model is not None:
        family = model_family(study, model)
        engine = engine.of_family(family)
        computed = {"template": study.model_template(model), "threads": study.threads, "device": study.device}
        checkpoint = {"family": family, "numerics": study.numerics_of_jobs()}
        computed |= {"family": None} if engine.serves_model else checkpoint  # a server computes as it likes
    return PredictSettings(
        benchmark=use.benchmark,
        engine=engine,
        protocol=use.protocol,
        files=question_files(use),
        model_id=run,
        review=study.runs[run].review,
        on_collapse=study.runs[run].on_collapse,
        first_token=use.protocol in RANKED,
        upright=use.protocol in UPRIGHT,
        seed=study.seed if use.decoding.temperature else None,
        **computed,
        **use.decoding.model_dump(),
    )


def judge(study: Study, run: str, benchmark: str) -> JudgingSettings:
    """Return the settings of one judge job."""
    use = study.benchmarks[benchmark]
    return JudgingSettings(
        benchmark=use.benchmark,
        protocol=use.protocol,
        files=use.files,
        answer_in=study.runs[run].answer_in,
        judge=None if use.judge is None else use.judge.of_run(run),
    )


def score(study: Study, benchmark: str, run: str) -> ScoreSettings:
    """Return the settings of the score job of a run on a benchmark; a rehearsal is compared with no figure."""
    use, model = study.benchmarks[benchmark], study.runs[run].published
    rehearsed = study.limit.questions if study.limit else None
    return ScoreSettings(
        benchmark=use.benchmark,
        protocol=use.protocol,
        files=use.files,
        seed=study.seed,
        suspect_above=study.suspect_above,
        limit=_at_most(rehearsed, use.limit),
        slice=_at_most(rehearsed, use.slice),
        answer_in=study.runs[run].answer_in,
        published=[] if model is None or stamp(study) else figures_of(load("benchmarks", use.benchmark), model),
    )


def submit(study: Study, benchmark: str, run: str) -> SubmitSettings:
    """Return the settings of the submit jobs of a run on a benchmark."""
    use, answer_in = study.benchmarks[benchmark], study.runs[run].answer_in
    return SubmitSettings(
        benchmark=use.benchmark, protocol=use.protocol, files=question_files(use), answer_in=answer_in
    )


def gather(study: Study, benchmark: str) -> GatherSettings:
    """Return the settings of one gather job."""
    use = study.benchmarks[benchmark]
    return GatherSettings(
        benchmark=use.benchmark, protocol=use.protocol, runs=sorted(study.runs), stamp=stamp(study, use)
    )


def _device(study: Study, recipe: RecipeSettings) -> Literal["cpu", "cuda"]:
    """Return the device of a training; a recipe without training steps only assembles a model and needs no GPU."""
    return study.device if isinstance(recipe, Optimisation) else "cpu"


def _limit(study: Study) -> Limit:
    if study.limit is None:
        raise KeyError("this study has no limit")
    return study.limit


def _prefixes(study: Study, datasets: list[str]) -> dict[str, str]:
    return {name: study.datasets[name].prefix for name in datasets}


def question_files(use: BenchmarkUse) -> FileNames:
    """Return the question files of a benchmark, without the gold."""
    return FileNames(questions=use.files.questions)
