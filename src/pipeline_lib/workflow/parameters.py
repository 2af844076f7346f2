"""The parameters `code` and `libs` of a rule: with `cfg`, they decide whether its jobs are stale."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.ancestry import model_family
from pipeline_lib.config.study import Study
from pipeline_lib.core.plugins import module_name
from pipeline_lib.job.code.digest import code_digest, reach
from pipeline_lib.job.code.libraries import installed_libraries
from pipeline_lib.workflow.startup import workflow_errors

# The members of a family that each stage calls.
INSPECT_ROWS = ("open_tokens", "encode_row")
OPENING = ("load", "compose", "PARTS", "LORA_TARGETS")
TRAIN = (*OPENING, "encode_row", "unseen")
MERGE = (*OPENING, "probe")
PREDICT = ("load", "generate")


def plugin(kind: str, name: str, *members: str) -> list[str]:
    """Return the dotted name of a plug-in, or the names of some of its definitions, as the code digest takes them."""
    dotted = module_name(kind, name)
    return [f"{dotted}:{member}" for member in members] if members else [dotted]


def train_plugins(study: Study, training: str) -> list[str]:
    """Return the plug-ins of a training: its recipe, the template that the recipe names, and the model's family."""
    recipe = study.trainings[training].recipe
    template = getattr(recipe, "template", None)
    family = family_plugin(study, training, *TRAIN) if recipe.makes == "llava" else []
    return plugin("recipes", recipe.name) + (plugin("prompts", template) if template else []) + family


def inspect_plugins(study: Study, training: str) -> list[str]:
    """Return the plug-ins of the job that inspects rows: the template, and the tokens of the model's family."""
    template = str(study.trainings[training].recipe.model_template())
    return plugin("prompts", template) + family_plugin(study, training, *INSPECT_ROWS)


def weights_plugins(study: Study, name: str) -> list[str]:
    """Return the plug-ins of a weights job: the kind, and the family that makes or takes such weights."""
    make = study.weights[name].make
    family = make.model_family()
    return plugin("weights", make.kind) + (plugin("families", family, *make.calls) if family else [])


def family_plugin(study: Study, model: str, *members: str) -> list[str]:
    """Return the members of the family of a study's model that a job calls."""
    return plugin("families", model_family(study, model), *members)


def predict_plugins(study: Study, run: str, benchmark: str) -> list[str]:
    """Return the plug-ins of a predict job: the benchmark's questions, the model's template and family."""
    model = study.runs[run].model
    questions = plugin("benchmarks", study.benchmarks[benchmark].benchmark, "questions")
    return questions + plugin("prompts", study.model_template(model)) + family_plugin(study, model, *PREDICT)


@dataclass(frozen=True)
class CodeOf:
    """Digests of the code that the scripts in a folder run."""

    scripts: Path

    @workflow_errors()
    def code(self, script: str, *plugins: str) -> str:
        """Return the digest of the code that a job runs, followed by the plug-ins that the digest covers."""
        return " ".join([code_digest(self.scripts / script, *plugins), *plugins])

    @workflow_errors()
    def libs(self, script: str, *plugins: str) -> str:
        """Return the versions of the libraries that a job's code imports, on which its output depends."""
        libraries = reach(self.scripts / script, *plugins).libraries
        return " ".join(f"{name}=={version}" for name, version in installed_libraries(libraries).items())
