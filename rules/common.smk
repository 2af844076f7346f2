"""Functions for the rules: the study, paths, and the three parameters that decide what is stale."""

import sys
from pathlib import Path

from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from pipeline_lib.config import stages
from pipeline_lib.config.ancestry import origins, read_conversations
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_name, study_path
from pipeline_lib.config.partial import limited_datasets
from pipeline_lib.config.study_option import study_option
from pipeline_lib.machine.slurm_site import LOGIN, read_cluster
from pipeline_lib.job import warm_start
from pipeline_lib.job.code.digest import code_digest, reach
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.failures import Failed, failure_text
from pipeline_lib.workflow.workflow_lock import WorkflowLock
from pipeline_lib.job.code.libraries import installed_libraries
from pipeline_lib.workflow.orphans import cancel_orphans
from pipeline_lib.workflow.executor_fixes import patch_slurm_executor
from pipeline_lib.core.plugins import load, module_name
from pipeline_lib.machine.site import starts_warm
from pipeline_lib.recipes.base import Multimodal
from pipeline_lib.scoring.notice import success_text
from pipeline_lib.training.settings import Optimisation
from pipeline_lib.workflow.ancient import see_changes_behind_ancient
from pipeline_lib.workflow.planned import force_unsound

NAME = "[a-z0-9][a-z0-9_-]*"


def clear_leftovers():
    """Clear the remains of a killed Snakemake, refuse to run beside a live one, and return this process's lock."""
    lock = WorkflowLock()
    if lock.alone and not workflow.output_settings.dryrun:
        orphans = cancel_orphans(Path.cwd())
        if orphans:
            logger.info(f"Jobs of a killed run were in Slurm's queue. Cancelled: {', '.join(orphans)}")
    removed = lock.clear()
    if removed:
        logger.info(f"A killed run left its marks or its lock. Removed those of: {', '.join(removed)}")
    if lock.others_at_work() and not workflow.output_settings.dryrun:
        raise WorkflowError("Another Snakemake is at work in this folder: wait until it ends, or end it.")
    return lock


def patch_executor():
    """Make the Slurm executor, if it is loaded, retry its status queries; refuse one that cannot be patched."""
    try:
        patch_slurm_executor(lambda: workflow.executor_settings.requeue)
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def offer_warm_start():
    """Let model jobs on this machine share a process with loaded libraries, unless site.yaml says otherwise."""
    try:
        if starts_warm():
            warm_start.offer()
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def read_site():
    """Return the Slurm settings of this site; only `--profile slurm` uses them."""
    try:
        return read_cluster()
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def read_study(settings):
    """Return the name and the tree of the study that `--config study=NAME` selects; studies are never merged."""
    unknown = sorted(set(settings) - {"study", "look"})
    if unknown or settings.get("look", "all") != "all":
        raise WorkflowError(
            f"--config takes only study=NAME and look=all, not {', '.join(unknown) or settings['look']}: "
            "settings are in the study's file"
        )
    try:
        name = study_name(settings.get("study", DEFAULT))
        return name, load_study(study_path(name))
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


STUDY_NAME, STUDY = read_study(config)
STUDY_OPTION = study_option(STUDY_NAME)
WORKFLOW_LOCK = clear_leftovers() if workflow.is_main_process else None
if workflow.is_main_process:
    force_unsound(logger.info, look="look" in config, why=f"vlmflow why{STUDY_OPTION}")
    offer_warm_start()
patch_executor()
see_changes_behind_ancient(DAG)
RESULTS = results_folder(STUDY_NAME, STUDY).as_posix()
SITE = read_site()
MODEL_MB = 1000 * STUDY.memory_gb  # of a job that holds a model


def gpus(settings):
    """Return how many GPUs each node of a job takes, or None; Slurm's plugin reads the resource `gpu`."""
    devices = getattr(settings, "devices", None)
    return (devices.gpus_per_node if devices else 1) if settings.device == "cuda" else None


def gpu_model(settings):
    """Return the GPU model that the site requests, or None for a job without a GPU."""
    return SITE.gpu_model if gpus(settings) else None


def growing(resource, first):
    """Return the request of each attempt: `first`, then twice and three times as much, up to the site's limit."""
    most = SITE.most(resource)
    return lambda wc, attempt: first * attempt if most is None else max(first, min(first * attempt, most))


def failures():
    """Return the jobs that failed in all attempts; of a group job, those with missing outputs."""
    jobs = [job for failed in workflow.scheduler.failed for job in (failed.jobs if failed.is_group() else [failed])]
    return [
        Failed(" ".join([job.rule.name, *job.wildcards_dict.values()]), Path(job.log.text))
        for job in jobs
        if not all(Path(path).exists() for path in job.output)
    ]


def old_scores():
    """Return a note, after a failure, about score files of an earlier run."""
    paths = [path.replace("<results>", RESULTS) for path in scores()]
    earlier = [path for path in paths if Path(path).exists()]
    note = f"These scores are of an earlier run; `vlmflow show{STUDY_OPTION}` gives their status: {', '.join(earlier)}"
    return note if earlier else ""


# The parameters that make a stage stale: `cfg` comes from stages.STAGE(...), `code` and `libs` from here.


def code(script, *plugins):
    """Return the digest of the code that a job runs, followed by the plug-ins that the digest covers."""
    try:
        return " ".join([code_digest(script_path(script), *plugins), *plugins])
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def libs(script, *plugins):
    """Return the versions of the libraries that a job's code imports, on which its output depends."""
    try:
        libraries = reach(script_path(script), *plugins).libraries
    except PipelineError as error:
        raise WorkflowError(str(error)) from None
    return " ".join(f"{name}=={version}" for name, version in installed_libraries(libraries).items())


def script_path(script):
    """Return the path of a stage's script."""
    return Path(workflow.basedir) / "workflow_scripts" / script


def plugin(kind, name, *members):
    """Return the dotted name of a plug-in, or the names of some of its definitions, as `code` takes them."""
    dotted = module_name(kind, name)
    return [f"{dotted}:{member}" for member in members] if members else [dotted]


def recipe_plugins(recipe):
    """Return the plug-ins of a training: its recipe, and the template that the recipe names."""
    template = getattr(recipe, "template", None)
    return plugin("recipes", recipe.name) + [file for name in present(template) for file in plugin("prompts", name)]


def predict_plugins(wc):
    """Return the plug-ins of a predict job: the benchmark's questions, and the template of the run's model."""
    template = STUDY.model_template(model_of(wc))
    return plugin("benchmarks", benchmark_use(wc).benchmark, "questions") + plugin("prompts", template)


def inspected_plugins(wc):
    """Return the definitions of a benchmark that the check of its questions reaches."""
    return plugin("benchmarks", benchmark_use(wc).benchmark, "questions", "gold")


# The entries of the study that a rule's wildcards name.


def source_kind(wc):
    """Return the kind of a dataset's source."""
    return STUDY.datasets[wc.dataset].source.kind


def table(wc):
    """Return a table of the study."""
    return STUDY.tables[wc.table]


def subset(wc):
    """Return a subset of the study."""
    return STUDY.subsets[wc.subset]


def weights(wc):
    """Return starting weights of the study."""
    return STUDY.weights[wc.weights]


def training(wc):
    """Return a training of the study."""
    return STUDY.trainings[wc.training]


def across(wc):
    """Return the number of nodes of a training, or None for a single node."""
    nodes = training(wc).devices.nodes
    return nodes if nodes > 1 else None


def gpus_of_nodes(wc):
    """Return the GPUs that every node of a training must have, as Slurm names them, or None without GPUs."""
    settings = stages.train(STUDY, wc.training)
    kind = f"gpu:{SITE.gpu_model}" if SITE.gpu_model else "gpu"
    return f"{kind}:{gpus(settings)}" if gpus(settings) else None


def model_of(wc):
    """Return the name of the training or the weights that a run evaluates."""
    return STUDY.runs[wc.run].model


def benchmark_use(wc):
    """Return a benchmark of the study."""
    return STUDY.benchmarks[wc.benchmark]


def present(*names):
    """Return the names that are not None."""
    return [name for name in names if name is not None]


def base_of(training):
    """Return the names of the models that a training starts from."""
    return present(training.start, training.tower, training.projector)


def files_of(use):
    """Return the datasets that contain the questions and the gold of a benchmark."""
    return present(use.dataset, use.gold)


def training_table(training):
    """Return a list with the table of a training's subset; empty without a subset."""
    return [STUDY.subsets[name].table for name in present(training.subset)]


def training_images(training):
    """Return the datasets that contain the images of a training's rows."""
    return [dataset for name in training_table(training) for dataset in STUDY.tables[name].images]


# The paths of files.


def shards(dataset):
    """Return the shards of a dataset as they appear in paths."""
    return [f"{number:03d}" for number in range(STUDY.datasets[dataset].shards)]


def raw_manifest(dataset, shard):
    """Return the path of a raw shard's manifest."""
    return Path(f"data/raw/{dataset}/{shard}.manifest.json")


def raw_manifests(dataset):
    """Return the manifests of all raw shards of a dataset."""
    return [str(raw_manifest(dataset, shard)) for shard in shards(dataset)]


def raw_folders(dataset):
    """Return the folders of all raw shards of a dataset."""
    return [f"data/raw/{dataset}/{shard}" for shard in shards(dataset)]


def raw_manifests_of(datasets):
    """Return the manifests of all raw shards of some datasets."""
    return [manifest for dataset in datasets for manifest in raw_manifests(dataset)]


def raw_folders_of(datasets):
    """Return the folders of all raw shards of some datasets."""
    return [folder for dataset in datasets for folder in raw_folders(dataset)]


def raw_failures(dataset):
    """Return the lists of fetch failures of all raw shards of a dataset."""
    return [f"{folder}.failures.jsonl" for folder in raw_folders(dataset)]


def choices(part, *names):
    """Return the paths, without suffix, of a rehearsal's choices from tables or benchmarks; empty in other studies."""
    return [f"<results>/chosen/{part}/{name}" for name in names] if STUDY.limit else []


def choices_about(dataset):
    """Return the choices that decide which images of a dataset are fetched; empty if all are."""
    if dataset not in limited_datasets(STUDY):
        return []
    tables = [name for name, use in STUDY.tables.items() if dataset in use.images]
    benchmarks = [name for name, use in STUDY.benchmarks.items() if dataset in use.images]
    return choices("tables", *tables) + choices("benchmarks", *benchmarks)


def files_at(paths, suffix):
    """Return paths with a suffix appended."""
    return [f"{path}{suffix}" for path in paths]


def shard_files(dataset, suffix):
    """Return one file of every converted shard of a dataset."""
    return [f"data/images/{dataset}/{shard}{suffix}" for shard in shards(dataset)]


def index_manifests(datasets):
    """Return the manifests of the image indexes of some datasets."""
    return [f"data/images/{dataset}/index.manifest.json" for dataset in datasets]


def image_indexes(datasets):
    """Return the image indexes of some datasets."""
    return [f"data/images/{dataset}/index.parquet" for dataset in datasets]


def image_files(datasets):
    """Return the files that contain the images of some datasets: archives and raw folders."""
    return [path for dataset in datasets for path in shard_files(dataset, ".tar") + raw_folders(dataset)]


def table_manifests(tables):
    """Return the manifests of some tables."""
    return [f"data/tables/{name}.manifest.json" for name in tables]


def table_rows(tables):
    """Return the Parquet files of some tables."""
    return [f"data/tables/{name}.parquet" for name in tables]


def subset_manifests(subsets):
    """Return the manifests of some subsets."""
    return [f"<results>/subsets/{name}.manifest.json" for name in subsets]


def subset_rows(subsets):
    """Return the Parquet files of some subsets."""
    return [f"<results>/subsets/{name}.parquet" for name in subsets]


def scores():
    """Return the score files of the study's benchmarks, except those whose gold answers are not public."""
    return [f"<results>/{name}_score.json" for name, use in STUDY.benchmarks.items() if use.scored]


def submissions():
    """Return the submission files of the study's benchmarks, one for every run."""
    suffixes = {
        name: getattr(load("benchmarks", use.benchmark), "SUBMISSION", None) for name, use in STUDY.benchmarks.items()
    }
    return [
        f"<results>/submissions/{run}/{name}.{suffix}"
        for name, suffix in suffixes.items()
        if suffix
        for run in STUDY.runs
    ]


def previews():
    """Return the preview pages of those trainings that read conversations and that the study's runs need."""
    return [f"<results>/previews/{name}.html" for name in read_conversations(STUDY)]


def verdicts(name):
    """Return a list with the verdict on the rows of a training; empty if it trains on no rows."""
    recipe = STUDY.trainings[name].recipe
    if isinstance(recipe, Multimodal):
        return [f"<results>/previews/{name}.verdict.json"]
    return [f"<results>/pairs/{name}.verdict.json"] if isinstance(recipe, Optimisation) else []


def model_folder(name):
    """Return the folder of weights, or of a training's model: the merged one if the training saves an adapter."""
    if name in STUDY.weights:
        return f"data/weights/{name}"
    merged = STUDY.trainings[name].recipe.saves == "adapter"
    return f"<results>/merged/{name}" if merged else f"<results>/checkpoints/{name}"


def model_folders(names):
    """Return the folders of some models."""
    return [model_folder(name) for name in names]


def model_manifest(name):
    """Return the manifest of a model."""
    return f"{model_folder(name)}.manifest.json"


def model_manifests(names):
    """Return the manifests of some models."""
    return [model_manifest(name) for name in names]
