"""Where benchmarks say that their data come from, and how a study uses and overrides it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.families.data import (
    Archive,
    DigitAnswers,
    File,
    FileList,
    Folder,
    Origin,
    Sources,
    StandIn,
)
from pipeline_lib.config.benchmark_data import StatedBenchmark, data_of, find_benchmark
from pipeline_lib.config.load import load_study
from pipeline_lib.config.stages import predict
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import names
from tests.project import ROOT

MODEL = {"kind": "pretrained", "holds": "vlm", "template": "vicuna_v1"}


def study(benchmarks: dict[str, Any], **parts: Any) -> dict[str, Any]:
    datasets = {"files": {"source": {"kind": "folder", "path": "."}, "smoke": {"kind": "folder", "path": "."}}}
    weights = {
        "own": {"dataset": "files", "make": MODEL, "smoke": {"make": {"kind": "projector", "vision": 1, "language": 1}}}
    }
    return {
        "title": "One",
        "datasets": datasets | parts.pop("datasets", {}),
        "weights": weights,
        "runs": {"own": {"model": "own"}},
        "benchmarks": benchmarks,
        **parts,
    }


def load(folder: Path, content: dict[str, Any]) -> Study:
    path = folder / "study.yaml"
    path.write_text(json.dumps(content))
    return load_study(path)


def module(name: str) -> StatedBenchmark:
    benchmark = find_benchmark(name)
    assert benchmark is not None
    return benchmark


@pytest.mark.parametrize("name", names("benchmarks"))
def test_a_name_and_a_protocol_are_a_whole_entry(tmp_path: Path, name: str) -> None:
    for protocol, asking in module(name).PROTOCOLS.items():
        loaded = load(tmp_path, study({name: {"protocol": protocol}}))
        use = loaded.benchmarks[name]
        assert {use.dataset, *use.images} <= loaded.datasets.keys()
        assert predict(loaded, "own", name).max_new_tokens == asking.max_new_tokens


@pytest.mark.parametrize("name", names("benchmarks"))
def test_the_datasets_of_a_benchmark_have_names_of_their_own(name: str) -> None:
    """Of two with one name, a study would have only the last."""
    sources = module(name).DATA
    images = sources.images if isinstance(sources.images, tuple) else (sources.images,)
    stated = [each.name for each in (sources.questions, sources.gold, *images) if isinstance(each, Origin)]
    assert stated == [*dict.fromkeys(stated)]
    assert sorted(stated) == sorted(data_of(name).datasets)


@pytest.mark.parametrize("name", names("benchmarks"))
def test_a_licence_is_stated_or_unknown(name: str) -> None:
    assert [key for key, each in data_of(name).datasets.items() if each.licence == ""] == []


@pytest.mark.parametrize("name", ["mmbench", "pope", "scienceqa"])
def test_benchmarks_about_digit_scenes_have_stand_ins(name: str) -> None:
    assert all(dataset.smoke is not None for dataset in data_of(name).datasets.values())


def test_benchmarks_that_share_a_dataset_mean_the_same() -> None:
    datasets: dict[str, Any] = {}
    for name in names("benchmarks"):
        for key, dataset in data_of(name).datasets.items():
            assert datasets.setdefault(key, dataset.entry()) == dataset.entry(), key


def test_questions_may_hold_their_images_and_their_gold_answers() -> None:
    data = Sources(File("table", "https://example.org/table.tsv"), gold="answers").data("mine")
    assert data.use() == {
        "dataset": "table",
        "gold": None,
        "files": {"questions": "table.tsv", "gold": "answers"},
        "images": ["table"],
    }
    assert [(name, each.convert) for name, each in data.datasets.items()] == [("table", "keep")]


def test_only_images_are_converted() -> None:
    sources = Sources(
        File("q", "https://example.org/q.json"), Archive("i", "https://example.org/i.zip"), File("g", "g")
    )
    data = sources.data("mine")
    assert {name: each.convert for name, each in data.datasets.items()} == {"q": None, "g": None, "i": "keep"}
    assert (data.dataset, data.gold, data.images) == ("q", "g", ("i",))


def test_images_may_be_in_several_datasets_each_with_a_prefix_of_its_own() -> None:
    photos, frames = (Folder(name, f"site:{name}", prefix=f"{name}/") for name in ("photos", "frames"))
    data = Sources(Folder("q", "site:q", file="q.json"), (photos, frames)).data("mine")
    assert data.images == ("photos", "frames")
    assert {name: each.prefix for name, each in data.datasets.items()} == {
        "q": "",
        "photos": "photos/",
        "frames": "frames/",
    }


def test_a_list_of_files_has_urls_that_begin_alike() -> None:
    data = Sources(FileList("q", "https://example.org/", ("a+b.json", "c.json"), "rows", digests={"c.json": "0"}))
    assert data.data("mine").datasets["q"].source == {
        "kind": "file",
        "url": "https://example.org/a%2Bb.json",
        "name": "rows/a+b.json",
        "also": [{"url": "https://example.org/c.json", "name": "rows/c.json", "sha256": "0"}],
    }
    assert data.data("mine").files == {"questions": "rows"}


def test_a_stand_in_has_the_form_of_its_benchmark_or_the_names_of_its_files() -> None:
    files = Sources(
        Archive("q", "https://example.org/rows.json.zip", smoke=DigitAnswers("questions")),
        Archive("i", "https://example.org/i.zip", smoke=StandIn("*.png")),
    )
    datasets = files.data("mine").datasets
    assert datasets["q"].smoke == {
        "kind": "digits_answers",
        "part": "test",
        "scenes": 8,
        "files": {"rows.json": "questions"},
    }
    assert datasets["i"].smoke == {"kind": "digits_stand_in", "form": "mine", "only": "*.png"}


def test_a_study_has_its_own_dataset_of_a_name(tmp_path: Path) -> None:
    folder = {"source": {"kind": "folder", "path": "/coco"}, "convert": "keep"}
    loaded = load(tmp_path, study({"pope": {}}, datasets={"coco_val2014": folder}))
    assert loaded.datasets["coco_val2014"].source.model_dump()["path"] == "/coco"
    assert loaded.datasets["coco_val2014"].shards == 1


def test_a_dataset_of_the_study_comes_without_the_benchmarks_gold(tmp_path: Path) -> None:
    use = {"benchmark": "pope", "dataset": "files", "files": {"questions": "q.jsonl", "gold": "labels"}}
    loaded = load(tmp_path, study({"mine": {**use, "decoding": {"max_new_tokens": 8}}}))
    mine = loaded.benchmarks["mine"]
    assert (mine.gold, mine.files.gold, mine.images) == (None, "labels", ["coco_val2014"])
    assert mine.decoding.max_new_tokens == 8
    assert loaded.datasets.keys() == {"files", "coco_val2014"}


def test_two_entries_of_one_benchmark_share_its_data(tmp_path: Path) -> None:
    loaded = load(tmp_path, study({"pope": {}, "short": {"benchmark": "pope", "decoding": {"max_new_tokens": 8}}}))
    assert [use.decoding.max_new_tokens for use in loaded.benchmarks.values()] == [128, 8]
    assert loaded.benchmarks["short"].dataset == loaded.benchmarks["pope"].dataset


def test_a_smoke_run_takes_the_benchmarks_stand_ins(tmp_path: Path) -> None:
    loaded = load(tmp_path, study({"pope": {}}, smoke=True))
    assert loaded.benchmarks["pope"].dataset == "smoke-pope_questions"
    assert loaded.datasets["smoke-pope_questions"].source.kind == "digits_pope"
    assert loaded.benchmarks["pope"].decoding.max_new_tokens == 8


@pytest.mark.parametrize(
    ("benchmarks", "message"),
    [
        ({"mmbenhc": {"protocol": "llava15"}}, r"^1 fault(.|\n)*no such benchmark: mmbenhc; did you mean 'mmbench'"),
        ({"pope": {"protocol": "lava15"}}, r"^1 fault(.|\n)*no such protocol(.|\n)*did you mean 'llava15'"),
        ({"mmbench": {"protocol": "internvl"}}, r"^1 fault(.|\n)*did you mean 'internvl12'"),
        ({"pope": {"protocol": ["llava15"]}}, r"pope\.protocol"),
        ({"pope": {"dataset": {}, "images": [{}]}}, r"pope\.dataset"),
        ({"pope": {"benchmark": 3}}, r"pope\.benchmark"),
        ({"pope": None}, r"must be a mapping"),
        ({"pope": {"decoding": 3}}, r"pope\.decoding"),
        ([], r"must be a mapping"),
    ],
)
def test_a_mistake_in_an_entry_is_one_fault(tmp_path: Path, benchmarks: Any, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load(tmp_path, study(benchmarks))


def test_a_benchmark_that_lacks_a_member_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pope, "DATA")
    with pytest.raises(PipelineError, match=r"(?s)benchmarks\.pope.*value: 'DATA'.*extending\.md"):
        find_benchmark("pope")


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("DATA", {"dataset": "x"}, r"(?s)`DATA` of a benchmark is a `Sources`.*benchmarks\.pope"),
        ("PROTOCOLS", ["llava15"], r"(?s)an `Asking` by each name.*benchmarks\.pope"),
        ("PROTOCOLS", {"llava15": 128}, r"an `Asking` by each name"),
        ("SCORER", replace(pope.SCORER, readers={}), r"(?s)`readers` .*lack a protocol.*benchmarks\.pope.*llava15"),
    ],
)
def test_a_member_of_another_type_and_a_protocol_without_reader_are_refused(
    monkeypatch: pytest.MonkeyPatch, member: str, value: Any, message: str
) -> None:
    monkeypatch.setattr(pope, member, value)
    with pytest.raises(PipelineError, match=message):
        find_benchmark("pope")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Folder("x", ".", file="q", smoke={"kind": "folder", "pth": "."}), r"x\.smoke\.pth: unknown key"),
        (Folder("x", ".", file="q", shards=0), r"x\.shards: "),
        (Folder("no such name", ".", file="q"), r"no such name"),
    ],
)
def test_a_mistake_in_what_a_benchmark_states_is_a_fault_of_its_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Folder, message: str
) -> None:
    monkeypatch.setattr(pope, "DATA", Sources(source))
    with pytest.raises(PipelineError, match=message):
        load(tmp_path, study({"pope": {}}))


def test_the_benchmarks_of_the_first_real_study_are_short() -> None:
    text = (ROOT / "studies/llava15_half.yaml").read_text()
    assert len(text[text.index("\nbenchmarks:\n") :].strip().splitlines()) <= 10
    assert not [name for name in YAML(typ="safe").load(text)["datasets"] if "pope" in name or "scienceqa" in name]
