"""The shipped study `evaluate`, which trains nothing: an original LLaVA and a LoRA in folders of others, to their scores."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline_lib.sources import digits_pope, digits_scenes
from tests.checkpoints.making import llava_of, make_clip, make_original, original_config, original_tensors
from tests.project import Project

pytestmark = pytest.mark.long

STUDY, RESULTS = "studies/evaluate.yaml", "results/evaluate"
SCENES = 4


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folders that the study names, with small models and questions about scenes."""
    root = tmp_path_factory.mktemp("places")
    models = root / "models"
    clip = make_clip(models / "clip-vit-large-patch14-336")
    (clip / "vlmflow.json").unlink()
    tensors = original_tensors(llava_of(clip))
    held = {name: tensor.half() for name, tensor in tensors.items() if "vision_tower" not in name}
    make_original(models / "llava-v1.5-7b", held, original_config(torch_dtype="float16"), shards=2)
    words = {name: tensor for name, tensor in held.items() if "mm_projector" not in name}
    make_original(models / "vicuna-7b-v1.5", words, original_config(model_type="llama"), shards=2)
    write_lora(models / "my-lora")
    pope = digits_pope.Settings(kind="digits_pope", part="test", scenes=SCENES)
    digits_pope.fetch(pope, 0, digits_pope.list_names(pope, 0), root / "eval" / "pope")
    (root / "eval/pope/labels").rename(root / "eval/pope/coco")
    scenes = digits_scenes.Settings(kind="digits_scenes", part="test", scenes=SCENES)
    digits_scenes.fetch(scenes, 0, digits_scenes.list_names(scenes, 0), root / "drawn")
    shutil.copytree(root / "drawn", root / "coco" / "val2014")
    return root


def write_lora(folder: Path) -> None:
    """Write a LoRA folder of the original: updates of every query, and a projector."""
    torch.manual_seed(8)
    folder.mkdir()
    settings = {"r": 2, "lora_alpha": 4, "lora_dropout": 0.0, "peft_type": "LORA", "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps(original_config()))
    place = "base_model.model.model.layers.{}.self_attn.q_proj.lora_{}.weight"
    halves = {"A": (2, 32), "B": (32, 2)}
    updates = {
        place.format(layer, half): torch.randn(shape) * 0.1 for layer in (0, 1) for half, shape in halves.items()
    }
    save_file(updates, folder / "adapter_model.safetensors")
    shapes = {"0.weight": (32, 32), "0.bias": (32,), "2.weight": (32, 32), "2.bias": (32,)}
    rest = {f"base_model.model.model.mm_projector.{name}": torch.randn(shape) * 0.1 for name, shape in shapes.items()}
    torch.save(rest, folder / "non_lora_trainables.bin")


def project_at(places: Path, root: Path) -> Project:
    """Return a copy of the project on a machine where the study's folders lie here, and that has no GPU."""
    project = Project.copy(root)
    lines = "".join(f"  {name}: {places / name}\n" for name in ("models", "eval", "coco"))
    (project.root / "site.yaml").write_text(f"paths:\n{lines}")
    project.edit(STUDY, "device: cuda", "device: cpu")
    project.edit(STUDY, "threads: 8", "threads: 1")
    project.edit(STUDY, "max_new_tokens: 128", "max_new_tokens: 4")
    project.edit(STUDY, "shards: 4", "shards: 1")
    return project


@pytest.fixture(scope="module")
def scored(places: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which the study has run; tests leave it as it was."""
    project = project_at(places, tmp_path_factory.mktemp("scored") / "project")
    done = project.run("snakemake", "-c2", "--config", "study=evaluate", timeout=900)
    assert done.returncode == 0, done.text[-3000:]
    return project


def test_both_models_are_scored_without_a_training(scored: Project) -> None:
    score = json.loads((scored.root / RESULTS / "pope_score.json").read_text())
    assert sorted(score["runs"]) == ["llava", "my_lora"]
    assert all(run["n"] == 6 * SCENES and run["missing"] == 0 for run in score["runs"].values())
    assert len({run["answers"] for run in score["runs"].values()}) == 2
    assert not list((scored.root / RESULTS / "checkpoints/my_lora").glob("model*"))
    again = scored.snakemake("-c2", "--config", "study=evaluate")
    assert "Nothing to be done" in again.text


def test_the_lineage_of_a_score_leads_to_the_files_of_the_models(scored: Project) -> None:
    assert scored.run("vlmflow", "lineage", "check").returncode == 0
    shown = scored.run("vlmflow", "lineage", "show", f"{RESULTS}/pope_score.json").text
    for name in ("llava_files", "clip_files", "vicuna_files", "lora_files", "coco_val2014", "merged/my_lora"):
        assert name in shown, shown


def test_the_lora_is_merged_with_a_receipt(scored: Project) -> None:
    receipt = json.loads((scored.root / RESULTS / "merged/my_lora.receipt.json").read_text())
    kinds = {"self_attn.q_proj": 2, "multi_modal_projector": 4}
    assert len(receipt["replaced"]) == sum(kinds.values())
    for part, count in kinds.items():
        assert sum(part in name for name in receipt["replaced"]) == count


def test_an_export_of_the_merged_model_is_read_again(scored: Project, tmp_path: Path) -> None:
    options = ("--tower", "some/clip", "--clip", "data/weights/clip_l_336")
    model = f"{RESULTS}/merged/my_lora"
    done = scored.run("vlmflow", "export", model, str(tmp_path / "out"), "--as", "original", *options)
    assert done.returncode == 0 and "files" in done.text, done.text
    found = load_file(tmp_path / "out/model.safetensors")
    assert found["model.embed_tokens.weight"].shape[0] == 300
    refused = scored.run(
        "vlmflow", "export", model, str(tmp_path / "other"), "--as", "original", "--tower", "some/clip"
    )
    assert refused.returncode == 1 and "--unfreeze" in refused.text and "Traceback" not in refused.text


def test_a_model_whose_index_names_a_missing_file_ends_its_job_with_the_reason(places: Path, tmp_path: Path) -> None:
    broken = tmp_path / "places"
    shutil.copytree(places, broken)
    (broken / "models/llava-v1.5-7b/pytorch_model-00002-of-00002.bin").unlink()
    project = project_at(broken, tmp_path / "project")
    done = project.snakemake("-c1", "--config", "study=evaluate", "--", "data/weights/llava_7b.manifest.json")
    assert done.returncode != 0
    assert "names files that are missing" in done.text and "pytorch_model-00002-of-00002.bin" in done.text
    assert "cure" in done.text
