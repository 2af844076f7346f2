"""The study of self-correction on stand-ins: a training, scores after each turn, conversations made from its answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.conversations.text_faults import text_fault
from tests.chat_server import KEY, Answer, completion, serving
from tests.project import Project
from tests.recordings import read_lines
from tests.smoke.rehearsed import rehearsed

RESULTS = "results/sco/smoke"
SCORES = ("ai2d_score.json", "scores/sco/mm_vet.json")  # graded by rules, and by a judge
TAGS = ("SUMMARY", "CAPTION", "REASONING", "CONCLUSION")


@pytest.mark.smoke
def test_a_run_without_a_review_one_with_it_and_an_ablation_are_scored_and_refined(tmp_path: Path) -> None:
    project = rehearsed(tmp_path, "sco", *(f"{RESULTS}/{name}" for name in SCORES), timeout=1200)
    runs: dict[str, Any] = read(project, SCORES[0])["runs"]
    assert set(runs) == {"released", "cot", "sco", "sco_reasoning"}
    assert "review" not in runs["cot"] and "review" not in runs["released"]
    adapter = read(project, "checkpoints/sco/adapter_config.json")
    assert (adapter["r"], adapter["lora_alpha"], adapter["modules_to_save"]) == (8, 32, None)
    receipt = read(project, "merged/sco.receipt.json")
    assert {name.split(".")[-2] for name in receipt["replaced"]} == {"q_proj", "v_proj"}
    assert not [name for name in receipt["replaced"] if "vision" in name]
    for name, until in (("sco", None), ("sco_reasoning", "</REASONING>")):
        review = runs[name]["review"]
        assert (review["turns"], review["until"], len(review["after"])) == (2, until, 2)
        assert review["after"][0]["tokens"] < review["after"][1]["tokens"]
        assert sum(review["changes"][0][kind] for kind in ("wrong_right", "right_right", "wrong_wrong")) > 0
    first = runs["sco"]["review"]["after"][0]
    assert (first["metrics"], first["interval"]) == (runs["cot"]["metrics"], runs["cot"]["interval"])
    judged = read(project, SCORES[1])
    assert judged["status"] == "unjudged" and "last answers alone" in judged["review"]["note"]
    shown = project.run("vlmflow", "show", "--study", "sco")
    assert "ai2d after each turn" in shown.text and "ai2d of sco, turn 1 to 2: " in shown.text
    answers = read_lines(project.root / RESULTS / "answers/cot/ai2d.jsonl")
    stored = [answer for answer in answers if not text_fault(answer["text"])]  # a random model also writes NULs
    rows = refine(project, {"run": "cot", "benchmark": "ai2d"}, rejected=len(answers) - len(stored))
    assert [row["id"] for row in rows] == [str(answer["question_id"]) for answer in stored]
    assert rows[0]["conversations"][1]["value"] == stored[0]["text"] and rows[0]["image"].startswith("AI2D_TEST/")
    assert "image" in refine(project, {"table": "smoke-sco"}, rejected=0)[0]


def read(project: Project, name: str) -> Any:
    return json.loads((project.root / RESULTS / name).read_text())


def refine(project: Project, first: dict[str, str], rejected: int) -> list[dict[str, Any]]:
    """Return conversations that a server has made of first answers; so many were rejected, and no file has its key."""
    text, folder = "\n".join(f"<{tag}> words </{tag}>" for tag in TAGS), project.root / "data/manual"
    with serving(lambda body, before: Answer(completion(text))) as server:
        settings = {"study": "sco", "first": first, "model": "strong", "url": server.url, "review": "Review it."}
        with (project.root / "refine.yaml").open("w") as file:
            YAML().dump({**settings, "access": {"key": "STUB_KEY"}}, file)
        done = project.run("vlmflow", "refine", "refine.yaml", "--out", "data/manual/sco.json", STUB_KEY=KEY)
        assert done.returncode == 0, done.text[-3000:]
        served = {"stub-2026-11-01": len(server.requests)}
    rows: list[dict[str, Any]] = json.loads((folder / "sco.json").read_text())
    made = json.loads((folder / "sco.made.json").read_text())
    assert (made["served"], made["rejected"], made["conversations"]) == (served, rejected, len(rows))
    assert [turn["value"] for turn in rows[0]["conversations"][2:]] == ["Review it.", text]
    reasons = [each["reason"] for each in read_lines(folder / "sco.rejected.jsonl")]
    assert len(reasons) == rejected and all("Parquet cannot store" in reason for reason in reasons)
    assert "access" not in made["settings"]
    assert not [path for path in folder.rglob("*") if path.is_file() and KEY in path.read_text()]
    return rows
