"""Adapters that others trained: their names become those of PEFT on transformers' Llava, and merging has its effect."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from pipeline_lib.checkpoints.adapter_base import expect_fitting
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import read_json
from pipeline_lib.families.llava.layouts.export import export_as as export
from pipeline_lib.families.llava.model import load as load_llava
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.card import read_card, write_card
from pipeline_lib.models.layouts import ExportOptions
from pipeline_lib.models.merge import merge
from pipeline_lib.recipes import assemble
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import TrainingInputs
from pipeline_lib.weights import pretrained
from pipeline_lib.weights.base import WeightsInputs
from tests.checkpoints.making import Tensors, files_in, llava_of, make_original, original_config, original_tensors
from tests.numbers import assert_close

BASE = {"start": "digest of the base"}
ADAPTER = pretrained.Settings(kind="pretrained", holds="adapter", template="vicuna_v1")
SQUARE, PAD = (ADAPTER.model_copy(update={"image_shape": shape}) for shape in ("square", "pad"))
PLAIN = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "peft_type": "LORA", "bias": "none", "task_type": "CAUSAL_LM"}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@pytest.fixture(scope="module")
def base(original: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a LLaVA of ours."""
    folder = tmp_path_factory.mktemp("base") / "model"
    settings = pretrained.Settings(kind="pretrained", holds="vlm", template="vicuna_v1")
    pretrained.make(settings, WeightsInputs(files=files_in(original), tower=clip), 0, folder)
    return folder


@pytest.fixture(scope="module")
def language(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a language model of ours, which brings no projector."""
    root = tmp_path_factory.mktemp("language")
    whole = original_tensors(llava_of(clip))
    words = {name: tensor for name, tensor in whole.items() if "mm_" not in name and "vision" not in name}
    settings = pretrained.Settings(kind="pretrained", holds="language")
    theirs = make_original(root / "theirs", words, original_config(model_type="llama"))
    pretrained.make(settings, WeightsInputs(files=files_in(theirs)), 0, root / "ours")
    return root / "ours"


@pytest.fixture(scope="module")
def updates(base: Path) -> tuple[Tensors, Tensors]:
    """Return random updates under the names in transformers' modules, and the tensors that they should lead to."""
    torch.manual_seed(5)
    model = load_llava(base).model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pattern = rf".*language_model.*\.({'|'.join(TARGETS)})"
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=pattern))
    halves = {name: torch.randn_like(t) * 0.1 for name, t in get_peft_model_state_dict(adapted).items()}
    after = dict(before)
    for name in halves:
        if name.endswith("lora_A.weight"):
            place = name.removeprefix("base_model.model.").replace("lora_A.weight", "weight")
            after[place] = before[place] + 2 * halves[name.replace("lora_A", "lora_B")] @ halves[name]
    return halves, after


def write_adapter(folder: Path, halves: Tensors, rest: Tensors | None = None, **settings: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({**PLAIN, "target_modules": TARGETS, **settings}))
    save_file(halves, folder / "adapter_model.safetensors")
    if rest is not None:
        torch.save(rest, folder / "non_lora_trainables.bin")
        (folder / "config.json").write_text(json.dumps(original_config()))
    return folder


def theirs(halves: Tensors) -> Tensors:
    """Return updates under the names of the original code."""
    return {name.replace("model.language_model.layers", "model.layers"): tensor for name, tensor in halves.items()}


def projector(value: float = 0.01) -> Tensors:
    shapes = {"0.weight": (32, 32), "0.bias": (32,), "2.weight": (32, 32), "2.bias": (32,)}
    return {f"base_model.model.model.mm_projector.{name}": torch.full(shape, value) for name, shape in shapes.items()}


def fitting(folder: Path, base: Base, out: Path, settings: pretrained.Settings = ADAPTER) -> Path:
    """Return the adapter of a folder as weights, once it fits its base."""
    pretrained.make(settings, WeightsInputs(files=files_in(folder)), 0, out)
    expect_fitting(out, base)
    return out


def test_an_original_lora_has_its_effect(base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path) -> None:
    halves, after = updates
    folder = write_adapter(tmp_path / "theirs", theirs(halves), projector())
    adapter = fitting(folder, Base(base, digests=BASE), tmp_path / "ours")
    card = read_card(adapter)
    assert (card.kind, card.template, card.image_shape, card.base) == ("adapter", "vicuna_v1", "pad", {})
    receipt = merge(Base(base, digests=BASE), adapter, 0, tmp_path / "merged")
    merged = load_llava(tmp_path / "merged").model.state_dict()
    projector_of_ours = {name: torch.full_like(after[name], 0.01) for name in after if "multi_modal" in name}
    assert_close(merged, after | projector_of_ours, 1e-6)
    assert len(receipt["replaced"]) == 2 * 7 + 4


def test_peft_itself_would_not_have_said_that_it_does_nothing(
    base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    """A check of the library: should it fail, PEFT has learnt to refuse what is converted here."""
    folder = write_adapter(tmp_path / "theirs", theirs(updates[0]))
    model = load_llava(base).model
    before = model.state_dict()["model.language_model.layers.0.mlp.up_proj.weight"].clone()
    with pytest.warns(UserWarning, match="missing adapter keys"):
        merged = PeftModel.from_pretrained(model, str(folder)).merge_and_unload().state_dict()
    assert torch.equal(merged["model.language_model.layers.0.mlp.up_proj.weight"], before)


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name,
        lambda name: name.replace("model.model.language_model.", "model.language_model.model."),
        lambda name: name.replace(".weight", ".default.weight"),
    ],
    ids=["new", "before 4.52", "state"],
)
def test_adapters_of_peft_are_read(
    base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path, rename: Callable[[str], str]
) -> None:
    halves, after = updates
    folder = write_adapter(tmp_path / "theirs", {rename(name): tensor for name, tensor in halves.items()})
    adapter = fitting(folder, Base(base, digests=BASE), tmp_path / "ours", SQUARE)
    merge(Base(base, digests=BASE), adapter, 0, tmp_path / "merged")
    merged = load_llava(tmp_path / "merged").model.state_dict()
    assert_close(merged, after, 1e-6)


def test_an_update_that_leaked_into_the_tower_is_merged_too(
    base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    """A list of names such as q_proj also matches the tower's layers: adapters of llava-hf models have them."""
    place = "base_model.model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj"
    leaked = {f"{place}.lora_A.weight": torch.ones(4, 32), f"{place}.lora_B.weight": torch.ones(32, 4)}
    folder = write_adapter(tmp_path / "theirs", {**updates[0], **leaked})
    adapter = fitting(folder, Base(base, digests=BASE), tmp_path / "ours", PAD)
    receipt = merge(Base(base, digests=BASE), adapter, 0, tmp_path / "merged")
    assert "model.vision_tower.encoder.layers.0.self_attn.q_proj.weight" in receipt["replaced"]
    with pytest.raises(PipelineError, match="no layer outside the language model"):
        export(adapter, tmp_path / "back", "original", ExportOptions(base=base))


def test_a_lora_goes_back_as_it_came(base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "theirs", theirs(updates[0]), projector())
    adapter = fitting(folder, Base(base, digests=BASE), tmp_path / "ours")
    export(adapter, tmp_path / "peft", "hub", ExportOptions())
    model = PeftModel.from_pretrained(load_llava(base).model, str(tmp_path / "peft")).merge_and_unload()
    name = "model.language_model.layers.1.mlp.up_proj.weight"
    assert_close(model.state_dict()[name], updates[1][name], 1e-6)
    export(adapter, tmp_path / "back", "original", ExportOptions())
    for name in ("adapter_config.json", "config.json"):
        assert read_json(tmp_path / "back" / name) == read_json(folder / name)
    first, second = (
        load_file(tmp_path / "back/adapter_model.safetensors"),
        load_file(folder / "adapter_model.safetensors"),
    )
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    rest = torch.load(tmp_path / "back/non_lora_trainables.bin", weights_only=True)
    assert rest.keys() == projector().keys() and all(
        torch.equal(rest[name], value) for name, value in projector().items()
    )


def test_a_lora_without_projector_is_given_that_of_its_base(
    base: Path, updates: tuple[Tensors, Tensors], clip: Path, tmp_path: Path
) -> None:
    adapter = fitting(write_adapter(tmp_path / "peft", updates[0]), Base(base, digests=BASE), tmp_path / "ours", PAD)
    with pytest.raises(PipelineError, match="--base"):
        export(adapter, tmp_path / "back", "original", ExportOptions())
    export(adapter, tmp_path / "back", "original", ExportOptions(base=base, tower="some/clip", clip=clip))
    rest = torch.load(tmp_path / "back/non_lora_trainables.bin", weights_only=True)
    own = load_llava(base).model.state_dict()["model.multi_modal_projector.linear_2.bias"]
    assert torch.equal(rest["base_model.model.model.mm_projector.2.bias"], own)
    assert read_json(tmp_path / "back/adapter_config.json")["target_modules"] == sorted(TARGETS)
    again = fitting(tmp_path / "back", Base(base, digests=BASE), tmp_path / "again")
    merge(Base(base, digests=BASE), again, 0, tmp_path / "merged")
    merged = load_llava(tmp_path / "merged").model.state_dict()
    assert_close(merged, updates[1], 1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda halves: {f"decoder.{name}": tensor for name, tensor in halves.items()}, "has no such tensor"),
        (
            lambda halves: {name: torch.zeros_like(t) if "lora_B" in name else t for name, t in halves.items()},
            "is zero",
        ),
        (lambda halves: {name: t for name, t in halves.items() if "lora_B" not in name}, "two halves"),
        (lambda halves: {name: t[:, :-1] if "q_proj.lora_A" in name else t for name, t in halves.items()}, "its base"),
        (lambda halves: {name.replace("layers.1.", "layers.9."): t for name, t in halves.items()}, "its base"),
        (lambda halves: {**halves, "base_model.model.lm_head.weight": torch.ones(3)}, "has no such tensor"),
    ],
    ids=["other names", "zero", "half", "other width", "more layers", "head"],
)
def test_an_adapter_that_would_do_nothing_or_something_else_is_refused(
    base: Path,
    updates: tuple[Tensors, Tensors],
    tmp_path: Path,
    change: Callable[[Tensors], Tensors],
    said: str,
) -> None:
    changed = {name: tensor.contiguous() for name, tensor in change(updates[0]).items()}
    folder = write_adapter(tmp_path / "theirs", changed)
    with pytest.raises(PipelineError, match=said):
        fitting(folder, Base(base, digests=BASE), tmp_path / "ours", PAD)


def test_an_adapter_of_another_base_is_refused(base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "theirs", theirs(updates[0]), projector())
    (folder / "config.json").write_text(json.dumps(original_config(num_hidden_layers=3)))
    with pytest.raises(PipelineError, match=r"(?s)another size.*num_hidden_layers.*3, the base has 2"):
        fitting(folder, Base(base, digests=BASE), tmp_path / "size")
    (folder / "config.json").write_text(json.dumps(original_config()))


def test_an_adapter_that_records_its_base_is_merged_into_no_other(
    base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    ours = fitting(write_adapter(tmp_path / "theirs", updates[0]), Base(base, digests=BASE), tmp_path / "ours", PAD)
    write_card(ours, read_card(ours).model_copy(update={"base": BASE}))
    again = fitting(ours, Base(base, digests=BASE), tmp_path / "again")
    assert read_card(again) == read_card(ours)
    with pytest.raises(PipelineError, match="was trained on another base"):
        merge(Base(base, digests={"start": "another digest"}), again, 0, tmp_path / "never")
    merge(Base(base, digests=BASE), again, 0, tmp_path / "merged")
    with pytest.raises(PipelineError, match=r"another template[\s\S]*template: vicuna_v1"):
        fitting(ours, Base(base, digests=BASE), tmp_path / "plain", PAD.model_copy(update={"template": "plain"}))


@pytest.mark.parametrize(
    "setting", [{"use_dora": True}, {"bias": "all"}, {"peft_type": "IA3"}, {"rank_pattern": {"q": 2}}]
)
def test_what_is_no_plain_low_rank_adapter_is_refused(
    updates: tuple[Tensors, Tensors], tmp_path: Path, setting: dict[str, Any]
) -> None:
    folder = write_adapter(tmp_path / "theirs", updates[0], **setting)
    with pytest.raises(PipelineError, match="not a plain low-rank adapter"):
        pretrained.make(PAD, WeightsInputs(files=files_in(folder)), 0, tmp_path / "never")


def test_study_and_adapter_must_agree_on_how_images_are_shown(
    base: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    stating = write_adapter(tmp_path / "stating", theirs(updates[0]), projector())
    silent = write_adapter(tmp_path / "silent", updates[0])
    with pytest.raises(PipelineError, match=r"another image shape[\s\S]*image_shape: pad"):
        fitting(stating, Base(base, digests=BASE), tmp_path / "square", SQUARE)
    with pytest.raises(PipelineError, match="neither the study nor these files state the image shape"):
        fitting(silent, Base(base, digests=BASE), tmp_path / "none")


def test_an_adapter_without_a_projector_does_not_fit_a_language_model(
    language: Path, clip: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    folder = write_adapter(tmp_path / "theirs", theirs(updates[0]))
    with pytest.raises(PipelineError, match=r"there is no projector[\s\S]*non_lora_trainables\.bin"):
        fitting(folder, Base(language, clip, digests=BASE), tmp_path / "out", SQUARE)


def test_a_projector_of_fewer_layers_is_not_filled_up_by_chance(
    language: Path, clip: Path, updates: tuple[Tensors, Tensors], tmp_path: Path
) -> None:
    half = {name: tensor for name, tensor in projector().items() if ".0." in name}
    folder = write_adapter(tmp_path / "theirs", theirs(updates[0]), half)
    with pytest.raises(PipelineError, match="tensors of this adapter are not those of its base"):
        fitting(folder, Base(language, clip, digests=BASE), tmp_path / "out")


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (r"layers\.1\..*v_proj", "lacks updates that its other layers.*layers.1.self_attn.v_proj"),
        (r"v_proj", "lacks updates.*v_proj"),
        (r"layers\.1\.", "no update of some layers of its base"),
    ],
)
def test_an_adapter_that_lost_updates_is_refused(
    base: Path, updates: tuple[Tensors, Tensors], lost: str, words: str, tmp_path: Path
) -> None:
    whole = {name: tensor for name, tensor in theirs(updates[0]).items() if not re.search(lost, name)}
    with pytest.raises(PipelineError, match=words.replace(".*", r"[\s\S]*")):
        fitting(write_adapter(tmp_path / "theirs", whole), Base(base, digests=BASE), tmp_path / "out", SQUARE)


def test_files_of_tensors_that_are_not_read_are_listed(updates: tuple[Tensors, Tensors], tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "theirs", updates[0])
    torch.save(updates[0], folder / "adapter_model.bin")
    torch.save({}, folder / "optimizer.pt")
    assert ADAPTER.origin(WeightsInputs(files=files_in(folder)), 0) == {
        "tensors": "files of the dataset", "unused_files": ["adapter_model.bin", "optimizer.pt"],
    }  # fmt: skip


def test_a_projector_is_shown_images_as_its_config_says(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    tensors = {name.removeprefix("base_model.model."): tensor for name, tensor in projector().items()}
    torch.save(tensors, folder / "mm_projector.bin")
    (folder / "config.json").write_text(json.dumps(original_config(image_aspect_ratio="square")))
    settings = pretrained.Settings(kind="pretrained", holds="projector")
    pretrained.make(settings, WeightsInputs(files=files_in(folder)), 0, tmp_path / "ours")

    def assembled(shape: str) -> Path:
        recipe = assemble.Settings(name="assemble", image_shape=shape)
        material = TrainingInputs(Base(base, projector=tmp_path / "ours"), [], ImageReader([]), 0)
        how = TrainSettings(recipe=recipe, seed=0, threads=1)
        train_recipe(material, how, tmp_path / shape, Resume(tmp_path, 600))
        return tmp_path / shape

    with pytest.raises(PipelineError, match="write `image_shape: square`"):
        assembled("pad")
    found = load_llava(assembled("square")).model.state_dict()["model.multi_modal_projector.linear_1.weight"]
    assert torch.equal(found, torch.full_like(found, 0.01))
    export(tmp_path / "ours", tmp_path / "back", "original", ExportOptions(base=base))
    back = torch.load(tmp_path / "back/mm_projector.bin", weights_only=True)
    assert back.keys() == tensors.keys() and all(torch.equal(back[name], value) for name, value in tensors.items())
    told = read_json(tmp_path / "back/config.json")
    assert (told["image_aspect_ratio"], told["tune_mm_mlp_adapter"]) == ("square", True)
