"""A study of a project, wherever the notebook runs: its files, and what the plan says of each."""

from dataclasses import dataclass
from os import sep
from pathlib import Path
from typing import Iterable, Iterator

from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.study import Study
from pipeline_lib.config.study_option import config_option
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.status import standing
from pipeline_lib.workflow.plan import plan


@dataclass(frozen=True)
class LocatedStudy:
    """A study, its project's folder, and its planned jobs with their status; paths are relative to the folder."""

    name: str
    root: Path
    study: Study
    jobs: list[AssessedJob]

    @property
    def results(self) -> Path:
        """Return the folder of results."""
        return results_folder(self.name, self.study)

    @property
    def paths(self) -> Paths:
        """Return the paths of the study's artefacts."""
        return Paths(self.study, self.results.as_posix())

    def status(self, output: str) -> Status:
        """Return the status of an output of the plan."""
        return standing(output, self.jobs)[0]

    def of_runs(self, folder: str, suffix: str, benchmarks: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Yield benchmark, run and the path of a file of every run on some benchmarks."""
        for benchmark in benchmarks:
            for run in self.study.runs:
                yield benchmark, run, (self.results / folder / run / f"{benchmark}{suffix}").as_posix()

    def not_made(self, what: str) -> PipelineError:
        """Return the error for a study of which nothing of a kind is made yet."""
        where = "" if self.root == Path() else f", in {self.root}"
        cure = f"snakemake -c2{config_option(self.name)}{where}"
        return PipelineError(f"this study has no {what} yet", where=self.root / self.results, cure=cure)


def locate(study: str | Path, root: str | Path) -> LocatedStudy:
    """Return the study of a name in the project in `root`, or that of a path, whose project is then where it lies.

    Raises PipelineError for a folder without project, an unknown study, a study with faults and one without a plan.
    """
    name, folder = _named(study, Path(root))
    if not (folder / "rules/plan.py").is_file():
        cure = "name the project's folder, which has Snakefile and rules/: root=..."
        raise PipelineError("this folder is no vlmflow project", where=folder.resolve(), cure=cure)
    tree = load_study(study_path(name, folder))
    return LocatedStudy(name, folder, tree, plan(name, root=folder))


def _named(study: str | Path, root: Path) -> tuple[str, Path]:
    """Return a study's name and its project's folder."""
    if isinstance(study, str) and sep not in study and not study.endswith(".yaml"):
        return study, root
    path = root / study
    if not path.is_file():
        raise PipelineError("no such study", where=path, cure="name a study, or the path of its file")
    if path.name == f"{DEFAULT}.yaml":
        return DEFAULT, path.parent
    if path.resolve().parent.name != "studies" or path.suffix != ".yaml":
        cure = "a study is config.yaml or a file studies/NAME.yaml of its project"
        raise PipelineError("this file is no study of a project", where=path, cure=cure)
    return path.stem, path.resolve().parent.parent
