"""A study with a judged benchmark: requests, replies from a file, a score; and what an edit of answers or replies does."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML

from tests.project import Project
from tests.recordings import read_lines, write_json, write_lines

STUDY = """
title: Judged
datasets:
  mix: {{source: {{kind: folder, path: {folder}/mix}}}}
  vet: {{source: {{kind: folder, path: {folder}/vet}}}}
  photos: {{source: {{kind: folder, path: {folder}/photos}}, convert: keep}}
  grades: {{source: {{kind: folder, path: {folder}/grades}}}}
tables:
  words: {{dataset: mix, images: [photos], conversations: {{file: mix.json}}}}
weights:
  small:
    tables: [words]
    make:
      kind: llava
      language:
        kind: llama
        tokenizer: {{vocabulary: 300}}
        config: {{hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2}}
      tower:
        kind: clip
        tokenizer: {{vocabulary: 300}}
        projection_dim: 32
        vision: {{hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, image_size: 32, patch_size: 16}}
        text: {{hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64}}
runs: {{one: {{model: small}}}}
benchmarks:
  mm_vet:
    dataset: vet
    files: {{questions: mm-vet.json}}
    images: [photos]
    decoding: {{max_new_tokens: 4}}
"""
JUDGE = '    judge: {name: file, files: ["{run}.jsonl"]}\n    replies: grades\n'
RESULTS = Path("results/graded")
SCORE = RESULTS / "mm_vet_score.json"
GRADES = "grades/one.jsonl"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a picture, three questions about it, and no grades yet."""
    folder = tmp_path_factory.mktemp("places")
    for name in ("mix", "vet", "photos", "grades"):
        (folder / name).mkdir()
    Image.effect_noise((20, 10), 50).convert("RGB").save(folder / "photos/a.jpg")
    turns = [{"from": "human", "value": "<image>\nWhat is in this picture?"}, {"from": "gpt", "value": "A cat."}]
    write_json(folder / "mix/mix.json", [{"id": "1", "image": "a.jpg", "conversations": turns}])
    row = {"imagename": "a.jpg", "question": "What is it?", "answer": "a cat", "capability": ["rec", "ocr"]}
    write_json(folder / "vet/mm-vet.json", {f"v1_{number}": row for number in range(3)})
    return folder


@pytest.fixture(scope="module")
def unjudged(places: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which the study has run without a judge; tests leave it as it was."""
    project = Project.copy(tmp_path_factory.mktemp("unjudged") / "project")
    (project.root / "studies/graded.yaml").write_text(STUDY.format(folder=places))
    make(project)
    return project


@pytest.fixture(scope="module")
def judged(unjudged: Project, places: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which every answer has the grade 0.5; tests leave it as it was."""
    project = unjudged.clone(tmp_path_factory.mktemp("judged") / "project")
    write_lines(places / GRADES, replies(project, "0.5"))
    with (project.root / "studies/graded.yaml").open("a") as study:
        study.write(JUDGE)
    make(project)
    return project


@pytest.fixture()
def own(judged: Project, places: Path, tmp_path: Path) -> Project:
    """Return an own copy of the judged study, with its grades in the folder."""
    project = judged.clone(tmp_path / "own")
    write_lines(places / GRADES, replies(project, "0.5"))
    return project


def make(project: Project) -> None:
    done = project.snakemake("-c2", "--config", "study=graded")
    assert done.returncode == 0, done.text[-3000:]


def score(project: Project) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((project.root / SCORE).read_text())["runs"]["one"]
    return run


def replies(project: Project, text: str) -> list[dict[str, Any]]:
    """Return a reply to every request of the study."""
    requests = read_lines(project.root / RESULTS / "judged/one/mm_vet.requests.jsonl")
    about = {"run": 0, "texts": [text], "asked": "gpt-4-0613", "served": "stub"}
    return [{"id": each["id"], "request": each["request"], **about} for each in requests]


def test_without_a_judge_the_score_says_so(unjudged: Project) -> None:
    assert (score(unjudged)["status"], score(unjudged)["metrics"]["total"]) == ("unjudged", None)
    shown = unjudged.run("vlmflow", "show", "--study", "graded")
    assert "marked unjudged: 3 of 3 answers were not judged: no reply (3)" in " ".join(shown.text.split())


def test_replies_from_a_file_are_scored_and_nothing_is_answered_again(unjudged: Project, judged: Project) -> None:
    scored = score(judged)
    assert (scored["metrics"]["total"], scored["status"], scored["marks"]) == (50, "complete", {})
    assert (scored["judge"]["asked"], scored["judge"]["served"]) == ({"gpt-4-0613": 3}, {"stub": 3})
    assert set(judged.worked_since(unjudged.records())) == {"fetch", "judge", "score", "gather"}
    assert "Nothing to be done" in judged.snakemake("-c1", "--config", "study=graded").text
    for command in (("check",), ("dvc", "sync")):
        done = judged.run("vlmflow", *command, "--study", "graded")
        assert done.returncode == 0, done.text
    assert "judge-one-mm_vet" in (judged.root / "dvc.yaml").read_text()


def test_no_job_stands_between_two_jobs_of_its_group_on_slurm(judged: Project) -> None:
    """A group is one job of Slurm: it and a job outside that reads one member and feeds another would wait for ever."""
    groups = YAML(typ="safe").load(judged.root / "slurm/profile.yaml")["groups"]
    jobs = json.loads(judged.run("python", "rules/plan.py", "--study", "graded").text.splitlines()[-1])
    makers = {path: job["rule"] for job in jobs for path in job["outputs"].values()}
    feeds = {(makers[path], job["rule"]) for job in jobs for path in job["reads"] if path in makers}
    between = [
        (before, rule, after)
        for before, rule in feeds
        for other, after in feeds
        if other == rule and groups.get(before) == groups.get(after) is not None and groups.get(rule) != groups[after]
    ]
    assert ("predict", "judge") in feeds and between == []


@pytest.mark.long
def test_edited_replies_make_the_score_stale_and_no_answer(own: Project, places: Path) -> None:
    write_lines(places / GRADES, replies(own, "1.0"))
    before = own.records()
    make(own)
    assert score(own)["metrics"]["total"] == 100
    assert set(own.worked_since(before)) == {"fetch", "judge", "score", "gather"}


@pytest.mark.long
def test_grades_of_old_answers_do_not_stand_for_new_ones(own: Project, places: Path) -> None:
    own.edit("studies/graded.yaml", "max_new_tokens: 4", "max_new_tokens: 2")
    before = own.records()
    make(own)
    assert set(own.worked_since(before)) == {"predict", "judge", "score", "gather", "submit"}
    assert score(own)["judge"]["unjudged"] == {"replies about another answer": 3}
    assert (score(own)["metrics"]["total"], score(own)["status"]) == (None, "unjudged")
    write_lines(places / GRADES, [*read_lines(places / GRADES), *replies(own, "0.0")])
    make(own)
    assert score(own)["metrics"]["total"] == 0
