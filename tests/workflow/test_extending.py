"""The page about extending: its modules, put into a copy of the project as they stand there, work."""

import io
import json
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML

from tests.project import ROOT, Project

PAGE = (ROOT / "docs" / "extending.md").read_text()
MODULES = dict(re.findall(r"`(src/pipeline_lib/\w+/\w+\.py)`:\n\n```python\n(.*?)```", PAGE, flags=re.DOTALL))
STUDIES = [YAML(typ="safe").load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)]
NAMES = ["a.png", "deep/b.png", "c.png"]
ANSWERS = {"0": ("b", "B"), "1": ("A. eel", 1), "2": ("C.", "C")}  # what is said, what is right
RUN = {
    "weights": {"own": {"dataset": "scans", "make": {"kind": "pretrained", "holds": "vlm", "template": "vicuna_v1"}}},
    "runs": {"own": {"model": "own"}},
}
SUBSET = "results/scans/subsets/some.parquet"
TRAINED = "results/mini/checkpoints/vision"


def extend(project: Project, *packages: str) -> None:
    """Put the page's modules of some packages into a project."""
    chosen = {path: text for path, text in MODULES.items() if Path(path).parent.name in packages}
    assert len(chosen) == len(packages)
    for path, text in chosen.items():
        assert not (project.root / path).exists()
        (project.root / path).write_text(text)


def study_of(*parts: str) -> dict[str, Any]:
    """Return the page's lines of these parts of a study, put together."""
    return {part: lines for study in STUDIES for part, lines in study.items() if part in parts}


def write_data(folder: Path) -> None:
    """Write a zip archive of images, conversations about them, and a quiz."""
    (folder / "talk").mkdir(parents=True)
    with zipfile.ZipFile(folder / "scans.zip", "w") as archive:
        for name in NAMES:
            picture = io.BytesIO()
            Image.new("RGB", (8, 8)).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "That."}]
    rows = [{"id": name, "image": name, "conversations": turns} for name in NAMES]
    (folder / "talk" / "instructions.json").write_text(json.dumps(rows))
    about = {"question": "Which?", "choices": ["eel", "cat", "dog"], "image": NAMES[0], "topic": "animals"}
    quiz = [{"question_id": key, "answer": right, **about} for key, (_, right) in ANSWERS.items()]
    (folder / "talk" / "quiz.jsonl").write_text("".join(json.dumps(row) + "\n" for row in quiz))


def test_the_page_has_one_module_of_each_kind() -> None:
    assert [Path(path).parent.name for path in MODULES] == ["sources", "sampling", "recipes", "benchmarks"]
    assert PAGE.count("```python") == len(MODULES)


def test_a_plain_benchmark_is_a_short_file() -> None:
    (module,) = (text for path, text in MODULES.items() if "/benchmarks/" in path)
    assert len(module.splitlines()) <= 25


def test_a_source_a_strategy_and_a_benchmark_of_the_page_work(fresh: Project, tmp_path: Path) -> None:
    extend(fresh, "sources", "sampling", "benchmarks")
    assert fresh.run("ruff", "check", "src").returncode == 0
    write_data(tmp_path / "disk")
    (fresh.root / "site.yaml").write_text(f"paths: {{scans: {tmp_path / 'disk'}}}\n")
    study = {"title": "The page's", **RUN, **study_of("datasets", "tables", "subsets", "benchmarks")}
    (fresh.root / "studies" / "scans.yaml").write_text(json.dumps(study))
    done = fresh.snakemake("-c2", "--config", "study=scans", "--", SUBSET)
    assert done.returncode == 0, done.text
    assert sorted(path.name for path in (fresh.root / "data/raw/scans").rglob("*.png")) == ["a.png", "b.png", "c.png"]
    assert fresh.records()["results/scans/records/sample/some.json"]["notes"]["rows"] == 2

    talk = tmp_path / "disk" / "talk"
    answers = [{"question_id": key, "text": said} for key, (said, _) in ANSWERS.items()]
    (talk / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    (command,) = re.findall(r"^vlmflow score .*$", PAGE, flags=re.MULTILINE)
    words = [str(talk / word) if word.endswith((".json", ".jsonl")) else word for word in shlex.split(command)]
    done = fresh.run(*words, "--json")
    assert done.returncode == 0, done.text
    assert json.loads(done.text)["metrics"] == dict.fromkeys(("accuracy", "accuracy/animals"), round(2 / 3, 10))


@pytest.mark.long
def test_a_recipe_of_the_page_trains(mini: Project) -> None:
    extend(mini, "recipes")
    study = YAML(typ="safe").load((mini.root / "studies/mini.yaml").read_text())
    study["trainings"] |= study_of("trainings")["trainings"]
    (mini.root / "studies/mini.yaml").write_text(json.dumps(study))
    before = mini.records()
    done = mini.make(f"{TRAINED}.manifest.json")
    assert done.returncode == 0, done.text
    assert mini.worked_since(before) == {"inspect_rows": 1, "train": 1}
    assert len((mini.root / f"{TRAINED}.curve.csv").read_text().splitlines()) == 1 + 3
    log = (mini.root / "results/mini/logs/train/vision.log").read_text()
    trained, whole = map(int, re.findall(r"(\d+) of (\d+) parameters are trained", log)[0])
    assert 0 < trained < whole
