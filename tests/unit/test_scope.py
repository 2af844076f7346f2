"""A score over some questions: how many of all are answered, the bounds of every metric, `limit` and `slice`."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import FileNames, Files, load_benchmark
from pipeline_lib.cli.main import app
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.rehearsal.questions import Part, QuestionsSettings, choose_questions
from pipeline_lib.scoring.score import ScoreSettings
from tests.scored import scored_answers
from tests.unit.test_benchmark_data import study
from tests.unit.test_pope import answer_all, write_benchmark
from tests.unit.test_stand_ins import module, stand_ins

NAMES = FileNames(questions="q", gold="g")


def scored(files: Files, answers: Path, chosen: set[str] | None = None, **part: int) -> dict[str, Any]:
    settings = ScoreSettings(benchmark="pope", files=NAMES, **part)
    return scored_answers(answers, files, settings, chosen).score


def test_a_complete_score_says_nothing_of_a_scope(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold)
    assert not {"scope", "bounds"} & scored(files, answers).keys()


@given(st.lists(st.sampled_from(["yes", "no", None]), min_size=24, max_size=24), st.booleans())
def test_the_whole_score_lies_within_the_bounds(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None], right: bool
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files, drawn = write_benchmark(folder), iter(texts)
    questions = pope.questions(files, "llava15")
    part = {question.id: next(drawn) for question in questions}
    answered = {question.part for question in questions if part[question.id]}
    assume(answered == {question.part for question in questions} and None in texts)
    other = {"yes": "no", "no": "yes"}
    some = scored(files, answer_all(files, folder / "a.jsonl", lambda q, gold: part[q.id]))
    full = answer_all(files, folder / "b.jsonl", lambda q, gold: part[q.id] or (gold if right else other[gold.lower()]))
    whole = scored(files, full)["metrics"]
    for name in ("f1", "accuracy", "accuracy/random", "recall"):
        low, high = some["bounds"][name]
        assert whole[name] == pytest.approx(high if right else low)
    assert {some["bounds"][name] for name in some["bounds"] if name.startswith("yes")} == {None}
    assert (some["scope"]["asked"], some["scope"]["answered"]) == ("all", 24 - texts.count(None))


@pytest.mark.parametrize(
    ("part", "asked", "answered"), [({"slice": 10}, "slice 10", 10), ({"limit": 7}, "limit 7", 12)]
)
def test_a_part_is_named_and_never_complete(tmp_path: Path, part: dict[str, int], asked: str, answered: int) -> None:
    files = write_benchmark(tmp_path)
    settings = QuestionsSettings(
        benchmark="pope", protocol="llava15", files=NAMES, questions=part.get("limit"), first=part.get("slice"), seed=0,
        images={},
    )  # fmt: skip
    chosen = set(choose_questions(files, settings)["questions"])
    answers = answer_all(files, tmp_path / "a.jsonl", lambda q, gold: gold if q.id in chosen else None)
    score = scored(files, answers, chosen, **part)
    assert score["scope"] == {"asked": asked, "answered": answered, "of": 24, "coverage": round(answered / 24, 10)}
    assert (score["status"], score["n"], score["missing"]) == ("partial", answered, 0)
    low, high = score["bounds"]["accuracy"]
    assert (low, high) == (pytest.approx(answered / 24), 1) and score["metrics"]["accuracy"] == 1


@pytest.mark.parametrize("name", ["mme", "scienceqa", "refcoco", "cmmmu", "knee_grading"])
def test_every_kind_of_scorer_has_bounds(tmp_path: Path, name: str) -> None:
    files, _ = stand_ins(name, tmp_path)
    protocol = next(iter(module(name).PROTOCOLS))
    settings = ScoreSettings(benchmark=name, protocol=protocol, files=NAMES)
    questions = module(name).questions(files, protocol)
    answers = tmp_path / "a.jsonl"
    some = [each for number, each in enumerate(questions) if number % 4]
    answers.write_text(
        "".join(
            json.dumps({"question_id": q.id, "prompt": q.prompt, "text": "A"} | dict(q.record)) + "\n" for q in some
        )
    )
    chosen = {each.id for each in some}
    score = scored_answers(answers, files, settings, chosen).score
    low, high = score["bounds"][module(name).PRIMARY]
    assert {value for metric, value in score["bounds"].items() if metric.startswith(("mae", "confusion"))} <= {None}
    assert low < high and score["scope"]["of"] == len(questions)


def test_a_larger_limit_contains_the_smaller_and_a_slice_is_the_first_rows(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path, images=20)
    questions, cluster = pope.questions(files, "llava15"), load_benchmark("pope", "llava15").cluster
    few, many = ({each.id for each in Part(limit, None, 5).of(questions, cluster)} for limit in (8, 40))
    assert few < many and {q.part for q in Part(8, None, 5).of(questions, cluster)} == {q.part for q in questions}
    assert Part(None, 9, 5).of(questions, cluster) == questions[:9]


def load(folder: Path, **use: Any) -> Any:
    path = folder / "study.yaml"
    path.write_text(json.dumps(study({"pope": use, "mmbench": {}})))
    return load_study(path)


def test_a_limited_benchmark_has_a_choice_of_its_own_and_others_none(tmp_path: Path) -> None:
    tree = load(tmp_path, limit=8)
    paths = Paths(tree, "results")
    assert paths.choices("benchmarks", "pope", "mmbench") == ["results/chosen/benchmarks/pope"]
    assert paths.choices("tables", "any") == []
    assert (stages.choose_questions(tree, "pope").questions, stages.score(tree, "pope", "own").limit) == (8, 8)
    assert (stages.gather(tree, "pope").stamp, stages.gather(tree, "mmbench").stamp) == ("PARTIAL", None)
    assert stages.choose_questions(load(tmp_path, slice=9), "pope").first == 9


@pytest.mark.parametrize(("part", "asked"), [({"slice": 900}, 8), ({"limit": 900}, 8), ({"slice": 3}, 3)])
def test_a_rehearsal_asks_no_more_than_it_says_and_names_what_it_asks(
    tmp_path: Path, part: dict[str, int], asked: int
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(study({"pope": part}, limit={"questions": 8})))
    rehearsal = load_study(path)
    chosen = stages.choose_questions(rehearsal, "pope")
    assert (chosen.questions if chosen.first is None else chosen.first) == asked
    assert stages.score(rehearsal, "pope", "own").part() == f"{next(iter(part))} {asked}"


def test_limit_and_slice_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="limit or slice, not both"):
        load(tmp_path, limit=8, slice=8)


@pytest.mark.parametrize(("option", "name"), [("--slice", "slice 8"), ("--limit", "limit 8")])
def test_the_command_scores_a_part_of_the_questions(tmp_path: Path, option: str, name: str) -> None:
    files = write_benchmark(tmp_path)
    part = Part(None, 8, 0) if option == "--slice" else Part(8, None, 0)
    chosen = {each.id for each in part.of(pope.questions(files, "llava15"), pope.cluster)}
    answers = answer_all(files, tmp_path / "a.jsonl", lambda q, gold: gold if q.id in chosen else None)
    named = ["--benchmark", "pope", "--questions", str(files.questions), "--gold", str(files.gold)]
    done = CliRunner().invoke(app, ["score", str(answers), *named, option, "8"])
    assert done.exit_code == 0, done.exception
    assert f"PARTIAL, {name}: {len(chosen)} of 24 questions scored" in done.stdout and "f1 0." in done.stdout
