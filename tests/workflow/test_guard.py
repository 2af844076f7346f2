"""The guard inside a job: what it imports, uses and reads of the package is what its code digest covers."""

import json
import sys
from pathlib import Path

import pytest

from tests.project import Done, Project

STAGE = '''"""A stage for tests."""

from pipeline_lib.job.job import Job
from pipeline_lib.job.program import run
from pipeline_lib.core.settings import Settings


class Nothing(Settings):
    """No settings."""


def work(job: Job[Nothing]) -> None:
    """Do what the test wants, then write."""
    WORK
    job.output("made").write_text("made")


if __name__ == "__main__":
    run("stage", Nothing, work, outputs=["made"])
'''
CODE = (
    "import sys; from pathlib import Path; from pipeline_lib.job.code.digest import code_digest; "
    "print(code_digest(Path('stage.py'), *sys.argv[1:]), *sys.argv[1:])"
)
READING = "import pathlib; print(next(pathlib.Path('src/pipeline_lib/scoring').glob('words.*')).read_text())"
LATE = '''"""Binds a library's function late."""

import pickle

TABLE = {}
TABLE["mean"] = None


def bind() -> None:
    """Bind numpy's mean."""
    global mean
    mean = pickle.loads(b"cnumpy\\nmean\\n.")
'''
MEAN = '''"""A mean."""

import numpy as np


def mean() -> float:
    """Return it."""
    return float(np.mean([1, 3]))
'''
RE_EXPORT = '''"""Mine: POPE's files, graded by POPE's words."""

from pipeline_lib.benchmarks.pope import DATA, PROTOCOLS, SCORER, cluster, gold, questions  # noqa: F401

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy of the project with a data file in the package."""
    copied = Project.copy(tmp_path_factory.mktemp("guard") / "project")
    (copied.root / "src/pipeline_lib/scoring/words.txt").write_text("no")
    (copied.root / "src/pipeline_lib/scoring/late.py").write_text(LATE)
    (copied.root / "src/pipeline_lib/scoring/mean.py").write_text(MEAN)
    return copied


def run_stage(project: Project, work: str, *plugins: str, **variables: str) -> Done:
    """Run a stage that does `work` as Snakemake would."""
    (project.root / "stage.py").write_text(STAGE.replace("WORK", work))
    code = project.run(sys.executable, "-c", CODE, *plugins).text.strip()
    paths = ["--made", "made.txt", "--record", "records/stage/a.json", "--log", "a.log"]
    command = [sys.executable, "-P", "stage.py", *paths, "--settings", "{}", "--code", code]
    return project.run(*command, **variables)


def test_a_job_that_stays_within_its_digest_succeeds(project: Project) -> None:
    done = run_stage(project, "from pipeline_lib.scoring.mean import mean; mean()")
    assert done.returncode == 0, done.text
    record = json.loads((project.root / "records/stage/a.json").read_text())
    assert "pipeline_lib.scoring.mean" in record["modules"] and "numpy" in record["libraries"]


@pytest.mark.parametrize(
    ("work", "plugins", "named"),
    [
        ('import pickle; pickle.loads(b"cpipeline_lib.scoring.mean\\nmean\\n.")', [], "pipeline_lib.scoring.mean"),
        (
            'from pipeline_lib.core.plugins import load; load("benchmarks", "pope")',
            [],
            "pipeline_lib.benchmarks.pope",
        ),
        (
            'from pipeline_lib.core.plugins import load; load("benchmarks", "pope").SCORER',
            ["pipeline_lib.benchmarks.pope:questions"],
            "value: 'SCORER'",
        ),
        ("from pipeline_lib.scoring.late import bind; bind()", [], "numpy"),
        (READING, [], "scoring/words.txt"),
    ],
    ids=[
        "by its name in a file",
        "a plug-in that no rule names",
        "another definition of a plug-in",
        "a library",
        "a data file",
    ],
)
def test_a_job_that_uses_what_its_digest_does_not_cover_fails(
    project: Project, work: str, plugins: list[str], named: str
) -> None:
    (project.root / "made.txt").unlink(missing_ok=True)
    done = run_stage(project, work, *plugins)
    assert done.returncode == 1 and named in done.text and "cure: " in done.text, done.text
    assert not (project.root / "made.txt").exists()


@pytest.mark.parametrize("name", ["ACCELERATE_MIXED_PRECISION", "NVIDIA_TF32_OVERRIDE", "PYTHONOPTIMIZE"])
def test_a_variable_that_would_change_the_result_is_refused(project: Project, name: str) -> None:
    done = run_stage(project, "pass", **{name: "1"})
    assert done.returncode == 1 and f"unset {name}" in done.text


def test_a_variable_that_rounds_as_another_machine_would_is_recorded(project: Project) -> None:
    assert run_stage(project, "pass", CUBLAS_WORKSPACE_CONFIG=":16:8", OPENBLAS_CORETYPE="Haswell").returncode == 0
    environment = json.loads((project.root / "records/stage/a.json").read_text())["machine"]["environment"]
    assert environment["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    assert environment["MKL_CBWR"] == "AVX2,STRICT" and "OPENBLAS_CORETYPE" not in environment


@pytest.mark.long
def test_a_benchmark_by_re_export_is_scored_again_when_its_parser_changes(mini: Project) -> None:
    (mini.root / "src/pipeline_lib/benchmarks/mine.py").write_text(RE_EXPORT)
    study = mini.root / "studies/mini.yaml"
    text = study.read_text()
    block = text[text.index("  pope:\n") :].replace("  pope:", "  mine:").replace("benchmark: pope", "benchmark: mine")
    study.write_text(f"{text.rstrip()}\n{block}")
    score = Path("results/mini/mine_score.json")
    assert mini.make(str(score)).returncode == 0
    mini.edit("src/pipeline_lib/benchmarks/families/yes_no.py", "if NEGATIONS.intersection(words):", "if True:")
    assert mini.planned(str(score)) == {"score": 3, "gather": 1}
    assert mini.make(str(score)).returncode == 0
    runs = json.loads((mini.root / score).read_text())["runs"]
    assert all(run["metrics"]["yes"] == 0 for run in runs.values())
