"""Functions for the rules: the study, where things lie, and the three parameters that decide what is stale."""

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
    """Clear what a killed Snakemake left; refuse to work beside one that lives. Return what ends with this process."""
    attendance = WorkflowLock()
    if attendance.alone and not workflow.output_settings.dryrun:
        orphans = cancel_orphans(Path.cwd())
        if orphans:
            logger.info(f"Jobs of a killed run were in Slurm's queue. Cancelled: {', '.join(orphans)}")
    removed = attendance.clear()
    if removed:
        logger.info(f"A killed run left its marks or its lock. Removed those of: {', '.join(removed)}")
    if attendance.others_at_work() and not workflow.output_settings.dryrun:
        raise WorkflowError("Another Snakemake is at work in this folder: wait until it ends, or end it.")
    return attendance


def patch_executor():
    """Have Slurm's executor, where it is loaded, ask patiently; refuse one that cannot be had to."""
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
    """Return what this site says of its Slurm; only `--profile slurm` makes use of it."""
    try:
        return read_cluster()
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def read_study(settings):
    """Return the name and the tree of the study that `--config study=NAME` chooses; nothing of another is merged in."""
    unknown = sorted(set(settings) - {"study", "look"})
    if unknown or settings.get("look", "all") != "all":
        raise WorkflowError(
            f"--config takes study=NAME and look=all alone, not {', '.join(unknown) or settings['look']}: "
            "settings stand in the study's file"
        )
    try:
        name = study_name(settings.get("study", DEFAULT))
        return name, load_study(study_path(name))
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


STUDY_NAME, STUDY = read_study(config)
WORKFLOW_LOCK = clear_leftovers() if workflow.is_main_process else None
if workflow.is_main_process:
    force_unsound(logger.info, look="look" in config)
    offer_warm_start()
patch_executor()
see_changes_behind_ancient(DAG)
RESULTS = results_folder(STUDY_NAME, STUDY).as_posix()
SITE = read_site()
MODEL_MB = 1000 * STUDY.memory_gb  # of a job that holds a model
STUDY_OPTION = "" if STUDY_NAME == DEFAULT else f" {STUDY_NAME}"


def gpus(settings):
    """Return how many GPUs each node of a job with these settings takes, None without; Slurm's plugin knows `gpu`."""
    devices = getattr(settings, "devices", None)
    return (devices.gpus_per_node if devices else 1) if settings.device == "cuda" else None


def gpu_model(settings):
    """Return the kind of GPU that the site asks for, None for a job that takes no GPU."""
    return SITE.gpu_model if gpus(settings) else None


def growing(resource, first):
    """Return what a job asks for: `first`, then twice, three times as much where it failed, as far as the site goes."""
    most = SITE.most(resource)
    return lambda wc, attempt: first * attempt if most is None else max(first, min(first * attempt, most))


def failures():
    """Return the jobs that failed for good; of a job that is a group, those whose outputs are not there."""
    jobs = [job for failed in workflow.scheduler.failed for job in (failed.jobs if failed.is_group() else [failed])]
    return [
        Failed(" ".join([job.rule.name, *job.wildcards_dict.values()]), Path(job.log.text))
        for job in jobs
        if not all(Path(path).exists() for path in job.output)
    ]


def old_scores():
    """Return what a person must know after a failure: score files that stand from before."""
    paths = [path.replace("<results>", RESULTS) for path in scores()]
    standing = [path for path in paths if Path(path).exists()]
    note = f"These scores stand from before; `vlmflow show{STUDY_OPTION}` says which still hold: {', '.join(standing)}"
    return note if standing else ""


# What makes a stage stale: `cfg` comes from stages.STAGE(...), `code` and `libs` from here.


def code(script, *plugins):
    """Return the digest of the code that a job runs, then the plug-ins that it covers."""
    try:
        return " ".join([code_digest(script_path(script), *plugins), *plugins])
    except PipelineError as error:
        raise WorkflowError(str(error)) from None


def libs(script, *plugins):
    """Return the versions of the libraries that a job's bytes depend on: those that its code imports."""
    try:
        libraries = reach(script_path(script), *plugins).libraries
    except PipelineError as error:
        raise WorkflowError(str(error)) from None
    return " ".join(f"{name}=={version}" for name, version in installed_libraries(libraries).items())


def script_path(script):
    """Return the file of a stage's program."""
    return Path(workflow.basedir) / "workflow_scripts" / script


def plugin(kind, name, *members):
    """Return the dotted name of a plug-in, or of some of its definitions, as `code` takes it."""
    dotted = module_name(kind, name)
    return [f"{dotted}:{member}" for member in members] if members else [dotted]


def recipe_plugins(recipe):
    """Return the registered files of a training: its recipe, and the template that the recipe names."""
    template = getattr(recipe, "template", None)
    return plugin("recipes", recipe.name) + [file for name in given(template) for file in plugin("prompts", name)]


def predict_plugins(wc):
    """Return the registered files of a predict job: the benchmark's questions, the template of the run's model."""
    template = STUDY.model_template(model_of(wc))
    return plugin("benchmarks", benchmark_use(wc).benchmark, "questions") + plugin("prompts", template)


def inspected_plugins(wc):
    """Return the registered definitions of a benchmark that the check of its questions reaches."""
    return plugin("benchmarks", benchmark_use(wc).benchmark, "questions", "gold")


# What the study says about the thing that a rule's wildcards name.


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
    """Return the number of nodes of a training, None where it is one."""
    nodes = training(wc).devices.nodes
    return nodes if nodes > 1 else None


def gpus_of_nodes(wc):
    """Return the GPUs that every node of a training must have, as Slurm names them, None without a GPU."""
    settings = stages.train(STUDY, wc.training)
    kind = f"gpu:{SITE.gpu_model}" if SITE.gpu_model else "gpu"
    return f"{kind}:{gpus(settings)}" if gpus(settings) else None


def model_of(wc):
    """Return the name of the training or the weights that a run asks."""
    return STUDY.runs[wc.run].model


def benchmark_use(wc):
    """Return a benchmark of the study."""
    return STUDY.benchmarks[wc.benchmark]


def given(*names):
    """Return the names that are not None."""
    return [name for name in names if name is not None]


def base_of(training):
    """Return the names of the models that a training starts from."""
    return given(training.start, training.tower, training.projector)


def files_of(use):
    """Return the datasets that hold the questions and the gold of a benchmark."""
    return given(use.dataset, use.gold)


def training_table(training):
    """Return the table that a training's subset is drawn from, in a list; none without a subset."""
    return [STUDY.subsets[name].table for name in given(training.subset)]


def training_images(training):
    """Return the datasets that hold the images of a training's rows."""
    return [dataset for name in training_table(training) for dataset in STUDY.tables[name].images]


# Where things lie.


def shards(dataset):
    """Return the shards of a dataset as they stand in paths."""
    return [f"{number:03d}" for number in range(STUDY.datasets[dataset].shards)]


def raw_manifest(dataset, shard):
    """Return the manifest of a raw shard, as a path."""
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
    """Return the lists of what could not be fetched of all raw shards of a dataset."""
    return [f"{folder}.failures.jsonl" for folder in raw_folders(dataset)]


def choices(part, *names):
    """Return what a rehearsal takes of some tables or benchmarks, as paths without suffix; none in other studies."""
    return [f"<results>/chosen/{part}/{name}" for name in names] if STUDY.limit else []


def choices_about(dataset):
    """Return the choices that decide which images of a dataset are fetched; none where all of it is."""
    if dataset not in limited_datasets(STUDY):
        return []
    tables = [name for name, use in STUDY.tables.items() if dataset in use.images]
    benchmarks = [name for name, use in STUDY.benchmarks.items() if dataset in use.images]
    return choices("tables", *tables) + choices("benchmarks", *benchmarks)


def files_at(paths, suffix):
    """Return files from their paths without suffix."""
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
    """Return everything that holds pixels of some datasets: archives and raw folders."""
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
    """Return the score files of the study's benchmarks, but of those whose answers are not public."""
    return [f"<results>/{name}_score.json" for name, use in STUDY.benchmarks.items() if use.scored]


def submissions():
    """Return the files that the study's benchmarks hand in elsewhere, one for every run."""
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
    """Return the pages of the trainings that read conversations, of those that the study's runs need."""
    return [f"<results>/previews/{name}.html" for name in read_conversations(STUDY)]


def verdicts(name):
    """Return the verdict on the rows of a training, in a list; none where it trains on nothing."""
    recipe = STUDY.trainings[name].recipe
    if isinstance(recipe, Multimodal):
        return [f"<results>/previews/{name}.verdict.json"]
    return [f"<results>/pairs/{name}.verdict.json"] if isinstance(recipe, Optimisation) else []


def model_folder(name):
    """Return the folder of weights, or of the model that a training makes: merged, where it saves an adapter."""
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
