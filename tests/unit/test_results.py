"""`pipeline_lib.results`: data frames of what is made, each row beside its status; what is not made is named."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib import results
from pipeline_lib.benchmarks.base import Grade, Question, Verdict
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json, write_lines
from pipeline_lib.lineage.jobs import AssessedJob
from pipeline_lib.scoring.verdicts import write_verdicts
from pipeline_lib.training.curve import Step, Validated, write_curve
from tests.jobs import assessed_job
from tests.project import ROOT

RESULTS = "results/mini"
RUNS = ("untrained", "half", "full")
TRAININGS = ("full", "half", "language", "pretrained", "tower", "untrained")


@pytest.fixture()
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project with the study `mini`, whose `half` is stale; nothing is made yet."""
    for name in ("config.yaml", "studies/mini.yaml", "rules/plan.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    jobs = [job for run in RUNS for job in jobs_of(run)]
    jobs += [job_of("train", f"checkpoints/{name}.curve.csv") for name in TRAININGS]
    monkeypatch.setattr("pipeline_lib.results.located.plan", lambda study, root: jobs)
    return tmp_path


def jobs_of(run: str) -> list[AssessedJob]:
    names = (f"scores/{run}/pope.json", f"verdicts/{run}/pope.parquet", f"answers/{run}/pope.manifest.json")
    return [job_of("score", name, stale=run == "half") for name in names]


def job_of(rule: str, output: str, stale: bool = False) -> AssessedJob:
    state = {"status": "stale", "causes": ["the setting `seed` changed"]} if stale else {}
    return assessed_job(rule, outputs={"file": f"{RESULTS}/{output}"}, record=f"{RESULTS}/{output}.json", **state)


def write(project: Path, path: str, content: str = "") -> Path:
    (project / RESULTS / path).parent.mkdir(parents=True, exist_ok=True)
    (project / RESULTS / path).write_text(content)
    return project / RESULTS / path


def score(project: Path, run: str, **keys: Any) -> None:
    metrics, interval = {"accuracy": 0.7, "f1": None}, {"accuracy": [0.6, 0.8], "f1": None}
    counts = {"n": 60, "unparsed": 2, "missing": 0, "marks": {}, "primary": "f1"}
    write(project, f"scores/{run}/pope.json", pretty_json({"metrics": metrics, "interval": interval, **counts, **keys}))


def test_every_metric_of_every_run_has_a_row_with_its_interval_and_status(project: Path) -> None:
    for run in RUNS[:2]:
        score(project, run, marks={"collapsed": "all are No"} if run == "half" else {})
    frame = results.scores("mini", project)
    assert frame.shape == (5, 15), "two metrics of two runs, and a row of the run without score"
    half = frame[(frame.run == "half") & (frame.metric == "accuracy")].iloc[0]
    assert (half.value, half.low, half.high, half.n) == (0.7, 0.6, 0.8, 60)
    assert (half.status, half.marks) == ("stale", "collapsed") and "the setting `seed` changed" in half.cause
    full = frame[frame.run == "full"].iloc[0]
    assert full[["metric", "value", "n"]].isna().all()
    assert frame[frame.primary].metric.tolist() == ["f1", "f1"] and frame[frame.primary].value.isna().all()
    assert frame[frame.run == "untrained"][["marks", "partial", "cause"]].isna().all().all()


def test_scores_over_some_questions_are_marked(project: Path) -> None:
    study = project / "studies/mini.yaml"
    study.write_text(study.read_text() + "    slice: 20\n")
    score(project, "full")
    assert results.scores("mini", project).partial.unique().tolist() == [
        "PARTIAL: the first 20 questions, not the benchmark's number"
    ]


def test_verdicts_have_what_their_table_has_and_the_prompts_of_the_answers(project: Path) -> None:
    question, grade = Question("1", "", ("a.jpg",), "adversarial"), Grade(0.5, ["a", "b"], "word")
    verdicts = [
        Verdict(question, ["yes", "y"], "Yes", grade),
        Verdict(question, "12", None, Grade(0, None, "", "missing")),
    ]
    write_verdicts(write(project, "verdicts/full/pope.parquet"), verdicts)
    write_lines(write(project, "answers/full/pope.jsonl"), [{"question_id": 1, "prompt": "Is it?", "text": "Yes"}])
    with pytest.warns(UserWarning, match="not made yet.*verdicts/half/pope.parquet"):
        frame = results.verdicts("mini", project)
    assert frame.gold.tolist() == ['["yes","y"]', "12"] and frame.extracted[0] == '["a","b"]'
    assert frame.images.tolist() == [["a.jpg"], ["a.jpg"]]
    assert frame.grade.tolist() == [0.5, 0] and frame.reading.tolist() == ["ok", "missing"]
    assert frame.prompt.tolist() == ["Is it?", "Is it?"] and frame.answer.isna().tolist() == [False, True]
    assert frame.status.tolist() == ["ok", "ok"]


def test_answers_have_their_tokens_and_the_texts_before_the_last_one(project: Path) -> None:
    earlier = [{"text": "No", "metadata": {"tokens": 2}}]
    rows = [
        {"question_id": 1, "prompt": "Is it?", "text": "Yes", "metadata": {"tokens": 3}, "earlier": earlier},
        {"question_id": "x", "text": "", "status": "failed"},
    ]
    for run in RUNS:
        write(project, f"answers/{run}/pope.manifest.json")
        write_lines(write(project, f"answers/{run}/pope.jsonl"), rows)
    frame = results.answers("mini", project)
    half = frame[frame.run == "half"]
    assert len(frame) == 6 and half.status.tolist() == ["stale", "stale"]
    assert half.question.tolist() == ["1", "x"] and half.failed.tolist() == [False, True]
    assert half.tokens.isna().tolist() == [False, True] and half.tokens.sum() == 3
    assert half.earlier.tolist() == [["No"], []] and half.answer.isna().tolist() == [False, True]


def test_curves_have_every_step_and_what_was_measured_after_an_epoch(project: Path) -> None:
    steps = [Step(1, 2.0, 0.5, 1.0), Step(2, 1.5, 0.25, 1.0, Validated(1.75, 0.5, 0.25))]
    for name in TRAININGS:
        write_curve(write(project, f"checkpoints/{name}.curve.csv"), [] if name == "untrained" else steps)
    frame = results.curves("mini", project)
    full = frame[frame.training == "full"]
    assert full.step.tolist() == [1, 2] and full.loss.tolist() == [2.0, 1.5] and len(frame) == 10
    assert full.validation_loss.isna().tolist() == [True, False] and full.validation_mae.max() == 0.25


@pytest.mark.parametrize("function", [results.scores, results.verdicts, results.answers, results.curves])
def test_a_study_without_results_names_what_makes_them(project: Path, function: Any) -> None:
    with pytest.raises(PipelineError, match=r"(?s)has no \w+ yet.*snakemake -c2 --config study=mini, in /"):
        function("mini", project)


@pytest.mark.parametrize("study", ["mini", "studies/mini.yaml", Path("studies/mini.yaml")])
def test_a_study_has_a_name_or_a_path(project: Path, monkeypatch: pytest.MonkeyPatch, study: str | Path) -> None:
    score(project, "full")
    assert len(results.scores(study, root=project)) == 4
    monkeypatch.chdir(project / "rules")
    assert len(results.scores("../studies/mini.yaml")) == 4


@pytest.mark.parametrize(
    ("study", "root", "message"),
    [
        ("mimi", "", "(?s)no such study.*did you mean 'mini'"),
        ("studies/mimi.yaml", "", "no such study"),
        ("rules/plan.py", "", "no study of a project"),
        ("config", "studies", "no vlmflow project"),
    ],
)
def test_what_is_no_study_is_refused(project: Path, study: str, root: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        results.scores(study, project / root)
