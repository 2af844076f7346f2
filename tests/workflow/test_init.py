"""A study that `vlmflow init` wrote, run to its scores: a LoRA of a tiny LLaVA on some photos."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.checkpoints.making import llava_of, make_clip, make_original, original_config, original_tensors
from tests.project import Project

POPE = """
  pope_questions: {source: {kind: digits_pope, part: test, scenes: 4, only: "*.jsonl"}}
  pope_labels: {source: {kind: digits_pope, part: test, scenes: 4, only: "labels/*"}}
  coco_val2014: {source: {kind: digits_scenes, part: test, scenes: 4}, convert: keep}
"""


def write_photos(folder: Path) -> None:
    """Write photos, and rows about them in a folder beside."""
    (folder / "photos").mkdir()
    (folder / "rows").mkdir()
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "That."}]
    names = [f"{number}.jpg" for number in range(24)]
    for number, name in enumerate(names):
        Image.effect_noise((20 + number, 20), 50).convert("RGB").save(folder / "photos" / name)
    rows = [{"id": name, "image": name, "conversations": turns} for name in names]
    (folder / "rows/mix.json").write_text(json.dumps(rows))


@pytest.mark.long
def test_a_lora_on_own_photos_runs_to_its_scores(fresh: Project, tmp_path: Path) -> None:
    write_photos(tmp_path)
    clip = make_clip(tmp_path / "clip")
    (clip / "vlmflow.json").unlink()
    make_original(tmp_path / "tiny", original_tensors(llava_of(clip)), original_config())
    options = ("--model", tmp_path / "tiny", "--tower", clip, "--images", tmp_path / "photos")
    rows = ("--conversations", tmp_path / "rows/mix.json", "--benchmark", "pope")
    done = fresh.run("vlmflow", "init", "mine", "--for", "lora", *map(str, (*options, *rows)))
    assert done.returncode == 0, done.text
    for old, new in (
        ("device: cuda", "device: cpu"),
        ("threads: 8", "threads: 1"),
        ("micro_batch: 8, precision: bfloat16", "micro_batch: 4"),
        ("batch_size: 128", "batch_size: 4"),
        ("shards: 4", "shards: 1"),
        ("{protocol: llava15}", "{protocol: llava15, decoding: {max_new_tokens: 4}}"),
        ("\ndatasets:\n", f"\ndatasets:{POPE}"),
    ):
        fresh.edit("studies/mine.yaml", old, new)
    done = fresh.snakemake("-c2", "--config", "study=mine", "--", "all", "results/mine/losses/lora/held_out.json")
    assert done.returncode == 0, done.text
    score = json.loads((fresh.root / "results/mine/pope_score.json").read_text())
    assert {run: entry["n"] for run, entry in score["runs"].items()} == dict.fromkeys(("before", "lora"), 24)
    assert json.loads((fresh.root / "results/mine/losses/lora/held_out.json").read_text())["loss"] > 0
