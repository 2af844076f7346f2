"""The study, its paths, and the functions that the rules share."""

import sys
from pathlib import Path

from snakemake.dag import DAG
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from pipeline_lib.config import overlap_stages, report_stages, stages, subset_stages
from pipeline_lib.config.ancestry import origins
from pipeline_lib.config.load import results_folder
from pipeline_lib.config.paths import Paths, base_of, datasets_of, files_at
from pipeline_lib.config.study_option import study_option
from pipeline_lib.endpoints.settings import EndpointSettings
from pipeline_lib.machine.slurm_site import LOGIN
from pipeline_lib.scoring.notice import success_text
from pipeline_lib.training.health import marked_trainings
from pipeline_lib.workflow import startup
from pipeline_lib.workflow.ancient import see_changes_behind_ancient
from pipeline_lib.workflow.failures import earlier_scores, failed_jobs, failure_text
from pipeline_lib.workflow.parameters import StageJobs
from pipeline_lib.workflow.planned import force_unsound
from pipeline_lib.workflow.resources import MB_OF_PROCESS, Requests, gpus, nodes_of

NAME = "[a-z0-9][a-z0-9_-]*"

STUDY_NAME, STUDY = startup.read_study(config)
SHOW, WHY = (f"vlmflow {command}{study_option(STUDY_NAME)}" for command in ("show", "why"))
if workflow.is_main_process:
    WORKFLOW_LOCK = startup.clear_leftovers(logger.info, workflow.output_settings.dryrun)
    force_unsound(logger.info, look="look" in config, why=WHY)
    startup.check_targets(DAG, STUDY)
    startup.offer_warm_start()
startup.patch_executor(lambda: workflow.executor_settings.requeue)
see_changes_behind_ancient(DAG)

RESULTS = results_folder(STUDY_NAME, STUDY).as_posix()
SITE = startup.read_site()
MODEL_MB = 1000 * STUDY.memory_gb  # of a job that holds a model

# Two rules write subsets; names of no subset are left to the first, so that targets are refused with a suggestion.
EMBEDDED_SUBSET = "|".join(name for name, use in STUDY.subsets.items() if use.embedded_by) or "(?!)"
PLAIN_SUBSET = rf"(?!(?:{EMBEDDED_SUBSET})\.){NAME}"

paths = Paths(STUDY, "<results>")
_requests = Requests(SITE)
growing, gpu_model, gpus_of_nodes = _requests.growing, _requests.gpu_model, _requests.gpus_of_nodes


def jobs_of(script, settings):
    """Return the jobs of a rule, whose parameters follow from the settings that a job's wildcards have."""
    return StageJobs(Path(workflow.basedir) / "workflow_scripts" / script, settings)


def cores_of_shard(wc, input):
    """Return the cores of a job that converts a shard, once its files are there."""
    on_cluster = workflow.non_local_exec or workflow.remote_exec
    cores = None if on_cluster else workflow.resource_settings.cores or 1
    return _requests.cores_of_shard(Path(input.raw), STUDY.datasets[wc.dataset].shards, cores)


# The entries of the study that a rule's wildcards name.


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


def base(wc):
    """Return what a training of the study starts from, or an adapter was trained on."""
    return STUDY.composition(wc.model)


def across(wc):
    """Return the number of nodes of a training, or None for a single node."""
    return nodes_of(training(wc).devices)


def benchmark_use(wc):
    """Return a benchmark of the study."""
    return STUDY.benchmarks[wc.benchmark]


def processes_of(wc):
    """Return how many processes answer the questions to a run together."""
    return STUDY.runs[wc.run].engine.processes_at_once()


def model_of(wc):
    """Return the name of the training or the weights that a run evaluates; None for the model of a server."""
    return STUDY.runs[wc.run].model


def asks_server(wc):
    """Return whether a server judges the answers to a benchmark."""
    return isinstance(benchmark_use(wc).judge, EndpointSettings)


def judged_runs(wc):
    """Return the paths, without suffix, of the replies about all runs of a benchmark; nothing if no model judges it."""
    return [path for run in sorted(STUDY.runs) for path in paths.judged(run, wc.benchmark)]
