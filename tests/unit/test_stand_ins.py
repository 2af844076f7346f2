"""Stand-ins: every benchmark has one for each of its datasets, which its readers take by every protocol."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.config.benchmark_data import data_of, find_benchmark
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load, names
from pipeline_lib.core.text import read_json, read_object
from pipeline_lib.digits.stand_ins.write import FORMS
from pipeline_lib.scoring.spreadsheet import read_predictions
from pipeline_lib.sources.digits_stand_in import Settings
from tests.scored import answer_with, asked, score

JUDGED = ("llava_bench", "mathvista", "mm_vet", "mmvp_judged")  # by a language model, which is not here
CAPTIONS = ("coco_captions", "flickr30k", "nocaps")  # their highest score depends on the references
FEWEST = 6  # questions


def module(name: str) -> Any:
    benchmark = find_benchmark(name)
    assert benchmark is not None
    return benchmark


def fetch(source: dict[str, Any], folder: Path) -> None:
    kind = load("sources", source["kind"])
    settings = kind.Settings(**source)
    listed = kind.list_names(settings, 42)
    folder.mkdir()
    assert listed and kind.fetch(settings, 42, listed, folder) == []
    assert sorted(listed) == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def stand_ins(name: str, folder: Path) -> tuple[Files, set[str]]:
    """Write the stand-ins of a benchmark; return its files, and the paths of its images."""
    data, images = data_of(name), set[str]()
    for key, dataset in data.datasets.items():
        fetch(dict(dataset.smoke), folder / key)
        if key in data.images:
            files = (path for path in (folder / key).rglob("*") if path.is_file())
            images |= {dataset.prefix + path.relative_to(folder / key).as_posix() for path in files}
    gold = folder / (data.gold or data.dataset) / data.files["gold"] if "gold" in data.files else None
    return Files(folder / data.dataset / data.files["questions"], gold), images


def right_answer(name: str, question: Question, gold: Any) -> str:
    """Return an answer that is right by every protocol of the benchmark."""
    if isinstance(gold, dict) and "box" in gold:
        (left, top, right, bottom), (width, height) = gold["box"], gold["size"]
        return str([left / width, top / height, right / width, bottom / height])
    if name == "knee_grading":
        return f"Grade {gold}"
    gold = gold["answers"] if isinstance(gold, dict) else gold
    return gold[0] if isinstance(gold, list) else str(gold).capitalize() if gold in ("yes", "no") else str(gold)


@pytest.mark.parametrize("name", names("benchmarks"))
def test_every_protocol_reads_the_stand_ins_and_finds_its_images(tmp_path: Path, name: str) -> None:
    files, images = stand_ins(name, tmp_path)
    tables = {path.stem for path in tmp_path.rglob("*.tsv")}  # whose rows hold their images
    for protocol in module(name).PROTOCOLS:
        questions = asked(name, files, protocol)
        lacking = {image for each in questions for image in each.images} - images
        assert len(questions) >= FEWEST and {Path(image).parts[0] for image in lacking} <= tables
        assert module(name).gold(files, questions, protocol).keys() == {each.id for each in questions}


@pytest.mark.parametrize(
    "name", [form for form in FORMS if form in names("benchmarks") and form not in (*JUDGED, *CAPTIONS)]
)
def test_the_gold_answers_of_a_stand_in_have_the_highest_score(tmp_path: Path, name: str) -> None:
    files, _ = stand_ins(name, tmp_path)
    for protocol in module(name).PROTOCOLS:
        questions = asked(name, files, protocol)
        gold = module(name).gold(files, questions, protocol)
        pairs = [(each, right_answer(name, each, gold[each.id])) for each in questions]
        scored = score(name, files, answer_with(tmp_path / "a.jsonl", pairs), protocol)
        most = {"perception": 2000, "sum": 5}.get(scored["primary"], 1)
        unscorable = (name, protocol) == ("mmmu", "lmms_eval")  # no short answer is right there
        assert scored["metrics"][scored["primary"]] == (0.75 if unscorable else most), protocol


@pytest.mark.parametrize(("form", "benchmark"), [("mmbench_test", "mmbench"), ("mmbench_test_cn", "mmbench_cn")])
def test_a_test_split_has_no_gold_and_is_submitted(tmp_path: Path, form: str, benchmark: str) -> None:
    fetch({"kind": "digits_stand_in", "form": form, "scenes": 2}, tmp_path / "files")
    files = Files(next((tmp_path / "files").iterdir()))
    questions = asked(benchmark, files, "internvl12")
    assert len(questions) == 8
    with pytest.raises(PipelineError, match=r"(?s)no answers.*submit the xlsx"):
        module(benchmark).gold(files, questions, "internvl12")
    upload = module(benchmark).submission(files, [(questions[0], "B. It is two.")], "internvl12")
    (tmp_path / "sheet.xlsx").write_bytes(upload.content)
    ((_, row),) = read_predictions(tmp_path / "sheet.xlsx")
    assert (row["question_id"], row["text"]) == ("1", "B")


def test_cmmmus_test_split_has_no_answers_and_is_submitted(tmp_path: Path) -> None:
    fetch({"kind": "digits_stand_in", "form": "cmmmu_test"}, tmp_path / "files")
    files = Files(tmp_path / "files/cmmmu-data-test")
    questions = asked("cmmmu", files, "official")
    assert all((tmp_path / "files" / image).is_file() for each in questions for image in each.images)
    with pytest.raises(PipelineError, match=r"(?s)a test split has no answers.*submit"):
        module("cmmmu").gold(files, questions, "official")
    lines = module("cmmmu").submission(files, [(questions[0], "(B)")], "official").decode().splitlines()
    assert [json.loads(line) for line in lines] == [{"id": 1, "type": "选择", "response": "(B)"}]


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    contents = []
    for place, seed in enumerate((7, 7, 8)):
        settings = Settings(kind="digits_stand_in", form="mmmu")
        source = load("sources", "digits_stand_in")
        source.fetch(settings, seed, source.list_names(settings, seed), tmp_path / str(place))
        files = [path for path in sorted((tmp_path / str(place)).rglob("*")) if path.is_file()]
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1] != contents[2]


def test_files_have_what_real_files_have(tmp_path: Path) -> None:
    for form in ("cmmmu", "docvqa", "mme", "mmmu", "mmvp", "seed", "tiny_lvlm"):
        fetch({"kind": "digits_stand_in", "form": form}, tmp_path / form)
    (table, *_) = sorted((tmp_path / "mmmu").rglob("*.parquet"))
    rows = pq.read_table(table).to_pylist()
    assert {f"image_{number}" for number in range(1, 8)} <= rows[0].keys()
    assert rows[0]["image_1"]["bytes"][:4] == b"\x89PNG" and rows[0]["options"].startswith("['")
    assert any(row["image_2"] for row in rows)
    kinds = {row["question_type"] for row in read_object(tmp_path / "mmmu/answer_dict_val.json").values()}
    assert kinds == {"multiple-choice", "short-answer"}
    assert {row["data_type"] for row in read_object(tmp_path / "seed/SEED-Bench.json")["questions"]} == {
        "image",
        "video",
    }
    assert len(list((tmp_path / "mme/gold").iterdir())) == 14
    with (tmp_path / "mmvp/Questions.csv").open(newline="") as file:
        assert next(iter(csv.DictReader(file))).keys() == {"Index", "Question", "Options", "Correct Answer"}
    golds = [row["gt_answers"] for path in (tmp_path / "tiny_lvlm").rglob("*.json") for row in read_json(path)]
    assert {type(gold) for gold in golds} == {str, list}
    assert all(len(row["answers"]) == 2 for row in read_object(tmp_path / "docvqa/val_v1.0.json")["data"])
    text = "".join(path.read_text() for path in (tmp_path / "cmmmu").rglob("*.jsonl"))
    assert all(kind in text for kind in ("选择", "判断", "填空"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(5))
def test_any_seed_and_number_of_scenes_has_files(form: str, seed: int) -> None:
    source = load("sources", "digits_stand_in")
    for scenes in (1, 2, 9):
        assert source.list_names(Settings(kind="digits_stand_in", form=form, scenes=scenes), seed)


def test_an_unknown_form_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'mmmu'\?"):
        Settings(kind="digits_stand_in", form="mmmuu")
