"""A study whose model and whose judge are behind a server: from the questions to the score, through Snakemake."""

import json
from pathlib import Path
from typing import Any, Iterator

import pytest
from PIL import Image
from ruamel.yaml import YAML

from tests.chat_server import KEY, Answer, ChatServer, completion, serving, text_of
from tests.project import Project
from tests.recordings import read_lines, write_json

STUDY: dict[str, Any] = {
    "title": "Served",
    "runs": {"served": {"engine": {"name": "openai", "model": "stub"}}},
    "benchmarks": {
        "mm_vet": {
            **{"dataset": "vet", "files": {"questions": "mm-vet.json"}, "images": ["photos"]},
            "judge": {"name": "openai", "model": "grader"},
        }
    },
}


def reply(body: dict[str, Any], before: int) -> Answer:
    """Answer questions, and grade answers: MM-Vet's table of examples is a judge's prompt."""
    graded = body["model"] == "grader"
    return Answer(completion("0.5" if graded else f"a cat, said of {text_of(body)}", model=f"{body['model']}-1"))


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with serving(reply) as server:
        yield server


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a picture and three questions about it."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "vet").mkdir()
    (folder / "photos").mkdir()
    Image.effect_noise((20, 10), 50).convert("RGB").save(folder / "photos/a.jpg")
    row = {"imagename": "a.jpg", "answer": "a cat", "capability": ["rec", "ocr"]}
    write_json(folder / "vet/mm-vet.json", {f"v1_{n}": {**row, "question": f"What is {n}?"} for n in range(3)})
    return folder


@pytest.fixture(scope="module")
def served(server: ChatServer, places: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which the study has run."""
    project = Project.copy(tmp_path_factory.mktemp("served") / "project")
    write_study(project, server, places)
    done = project.snakemake("-c2", "--config", "study=served", STUB_KEY=KEY)
    assert done.returncode == 0, done.text[-3000:]
    return project


def write_study(project: Project, server: ChatServer, places: Path, **access: Any) -> None:
    """Write the study; `access` changes how its servers are reached."""
    study = json.loads(json.dumps(STUDY))
    reach = {"url": server.url, "access": {"key": "STUB_KEY", **access}}
    study["runs"]["served"]["engine"] |= reach
    study["benchmarks"]["mm_vet"]["judge"] |= reach
    source = {name: {"source": {"kind": "folder", "path": str(places / name)}} for name in ("vet", "photos")}
    study["datasets"] = {**source, "photos": {**source["photos"], "convert": "keep"}}
    with (project.root / "studies/served.yaml").open("w") as file:
        YAML().dump(study, file)


def test_a_served_model_is_scored_by_a_served_judge(served: Project, server: ChatServer) -> None:
    score = json.loads((served.root / "results/served/mm_vet_score.json").read_text())["runs"]["served"]
    assert (score["metrics"]["total"], score["status"]) == (50, "complete")
    assert (score["judge"]["asked"], score["judge"]["served"]) == ({"grader": 3}, {"grader-1": 3})
    assert score["model"] == {"asked": "stub", "served": "stub-1", "fingerprint": "fp_stub"}
    answers = read_lines(served.root / "results/served/answers/served/mm_vet.jsonl")
    assert [answer["text"] for answer in answers] == [f"a cat, said of What is {n}?" for n in range(3)]
    assert {answer["metadata"]["model"]["served"] for answer in answers} == {"stub-1"}
    assert len(server.served) == 6 and set(server.served.values()) == {1}


def test_no_gpu_no_key_and_no_way_to_the_server_is_in_its_record(served: Project) -> None:
    records = served.records()
    predict = records["results/served/records/predict/served-mm_vet.json"]
    assert (predict["settings"]["family"], predict["settings"]["device"]) == (None, "cpu")
    assert "access" not in predict["settings"]["engine"] and "torch" not in predict["libraries"]
    assert predict["roles"]["model"] == []
    files = [path for path in served.root.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    written = [path for path in files if path != served.root / "tests/chat_server.py"]  # which defines it
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_nothing_is_asked_again_and_another_way_to_the_server_changes_nothing(
    served: Project, server: ChatServer, places: Path
) -> None:
    write_study(served, server, places, concurrency=3, budget={"tokens": 10_000})
    done = served.snakemake("-c1", "--config", "study=served")
    assert "Nothing to be done" in done.text and done.returncode == 0
    assert sum(server.served.values()) == 6


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("plan",),
        ("check",),
        ("why",),
        ("lineage", "show", "results/served/mm_vet_score.json"),
        ("dvc", "sync"),
        ("config", "check"),
    ],
    ids=" ".join,
)
def test_the_other_commands_work_for_such_a_run(served: Project, command: tuple[str, ...]) -> None:
    done = served.run("vlmflow", *command, "--study", "served")
    assert done.returncode == 0, done.text[-2000:]
