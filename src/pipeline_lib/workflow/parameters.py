"""The parameters `code` and `libs` of a rule: with `cfg`, they decide whether its jobs are stale."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.study import Study
from pipeline_lib.core.plugins import module_name
from pipeline_lib.job.code.digest import code_digest, reach
from pipeline_lib.job.code.libraries import installed_libraries
from pipeline_lib.training.settings import RecipeSettings
from pipeline_lib.workflow.startup import workflow_errors


def plugin(kind: str, name: str, *members: str) -> list[str]:
    """Return the dotted name of a plug-in, or the names of some of its definitions, as the code digest takes them."""
    dotted = module_name(kind, name)
    return [f"{dotted}:{member}" for member in members] if members else [dotted]


def recipe_plugins(recipe: RecipeSettings) -> list[str]:
    """Return the plug-ins of a training: its recipe, and the template that the recipe names."""
    template = getattr(recipe, "template", None)
    return plugin("recipes", recipe.name) + (plugin("prompts", template) if template else [])


def predict_plugins(study: Study, run: str, benchmark: str) -> list[str]:
    """Return the plug-ins of a predict job: the benchmark's questions, and the template of the run's model."""
    template = study.model_template(study.runs[run].model)
    return plugin("benchmarks", study.benchmarks[benchmark].benchmark, "questions") + plugin("prompts", template)


def inspected_plugins(benchmark: str) -> list[str]:
    """Return the definitions of a benchmark that the check of its questions reaches."""
    return plugin("benchmarks", benchmark, "questions", "gold")


def scored_plugins(benchmark: str) -> list[str]:
    """Return the definitions of a benchmark that scoring reaches: where its data come from is not among them."""
    return plugin("benchmarks", benchmark, "questions", "gold", "cluster", "SCORER", "PRIMARY")


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
