"""A study with a limit: what it shares with the study itself, what lies apart, what each stage leaves out."""

import json
from pathlib import Path
from typing import Any

import jsonlines
import pytest

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import FileNames
from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study, results_folder
from pipeline_lib.config.pins import open_pins
from pipeline_lib.config.rehearsal import limited_datasets
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.source_rows import rows_of_file
from pipeline_lib.conversations.tabulate import TabulateSettings, refusal, tabulate
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tolerance import allowed
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.fetching.listing import listing
from pipeline_lib.fetching.shard import FetchSettings, fetch_shard
from pipeline_lib.images.convert import ConvertSettings
from pipeline_lib.images.index import health
from pipeline_lib.images.picture import draw_health
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.images.shard import convert_shard
from pipeline_lib.scoring.score import ScoreSettings, score_verdicts
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from tests.project import ROOT
from tests.scored import grade_answers
from tests.server import file_of, serving
from tests.unit.mmbench_table import answer
from tests.unit.mmbench_table import row as mmbench_row
from tests.unit.mmbench_table import write as write_mmbench
from tests.unit.test_pope import answer_all, write_benchmark
from tests.unit.test_submission import cells

HALF = "studies/llava15_half.yaml"


def limited(tmp_path: Path, text: str = "limit: {rows: 200, questions: 50}", file: str = "config.yaml") -> Study:
    path = tmp_path / "study.yaml"
    path.write_text((ROOT / file).read_text().replace("seed: 0", f"{text}\nseed: 0", 1))
    return load_study(path)


def test_what_is_smaller_lies_apart_and_the_rest_is_shared(tmp_path: Path) -> None:
    study = limited(tmp_path)
    assert set(study.datasets) == {
        *("partial-digits_scenes", "partial-digits_test_scenes"),
        *("digits_conversations", "digits_pope", "digits_scienceqa", "digits_mmbench", "digits_vqa"),
    }
    assert limited_datasets(study) == {"partial-digits_scenes", "partial-digits_test_scenes"}
    assert study.datasets["partial-digits_scenes"].shards == 1
    assert all(name.startswith("partial-") for name in (*study.tables, *study.weights))
    assert study.benchmarks["mmbench"].images == ["digits_mmbench"]
    assert study.subsets["text"].table == "partial-digits_text"
    assert results_folder("own", study) == Path("results/own/partial")
    assert stages.gather(study, "pope").stamp == "PARTIAL"


def test_what_is_shared_has_the_settings_of_the_study_itself(tmp_path: Path) -> None:
    study, real = limited(tmp_path, file=HALF), load_study(ROOT / HALF)
    assert limited_datasets(study) == {
        *(f"partial-{name}" for name in ("coco", "gqa", "ocr_vqa", "textvqa", "vg_100k", "vg_100k_2")),
        *(f"partial-{name}" for name in ("pretrain_images", "coco_val2014", "scienceqa_images")),
    }
    assert set(study.weights) == set(real.weights)  # all of them made by others
    for name in study.datasets.keys() & real.datasets.keys():
        settings = [stages.fetch(tree, name, 0, tmp_path / "none") for tree in (study, real)]
        assert settings[0].canonical() == settings[1].canonical()
    assert all(stages.weights(study, name) == stages.weights(real, name) for name in real.weights)
    assert set(open_pins(real)) - set(open_pins(study)) == {
        name for name in open_pins(real) if name.startswith("data/manual/ocr_vqa/dataset.json ")
    }


def test_what_counts_rows_or_steps_is_cut_to_the_limit(tmp_path: Path) -> None:
    study = limited(tmp_path)
    assert {name: getattr(found.recipe, "steps", None) for name, found in study.trainings.items()} == {
        **dict.fromkeys(("untrained", "tenth", "half", "full", "lora", "projector")),
        "tower": 4,  # of 64 rows: 200 once
        "language": 4,
        "pretrained": 7,
    }
    assert stages.sample(study, "half") == stages.sample(load_study(ROOT / "config.yaml"), "half")
    study = limited(tmp_path, "limit: {rows: 5}")
    assert study.trainings["tower"].recipe.steps == 1
    assert study.subsets["tenth"].sample.fraction == 2 / 5
    study = limited(tmp_path, "limit: {questions: 5}")
    assert study.trainings["tower"].recipe.steps == 800
    assert stages.choose_rows(study, "partial-digits_text").rows is None


def test_a_subset_by_count_becomes_its_share_of_the_limit(tmp_path: Path) -> None:
    text = (
        (ROOT / "config.yaml").read_text().replace("fraction: 0.5", "count: 50").replace("fraction: 0.1", "count: 500")
    )
    (tmp_path / "study.yaml").write_text(text.replace("seed: 0", "limit: {rows: 200}\nseed: 0", 1))
    subsets = load_study(tmp_path / "study.yaml").subsets
    assert [(subsets[name].sample.count, subsets[name].sample.fraction) for name in ("half", "tenth")] == [
        (None, 0.25),
        (None, 1.0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit: {rows: 0}", "limit.rows: Input should be greater than or equal to 1"),
        ("limit: {questions: -3}", "limit.questions: Input should be greater than or equal to 1"),
        ("limit: {}", "give rows, questions or both"),
        ("limit: 200", "limit: "),
        ("limit: {row: 200}", "did you mean 'rows'"),
        ("smoke: true\nlimit: {rows: 2}", "limit: a smoke run has no real data to limit"),
    ],
)
def test_a_limit_that_is_none_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(PipelineError) as caught:
        limited(tmp_path, text)
    assert expected in str(caught.value)


def test_of_a_folder_only_the_chosen_images_are_linked_and_its_list_still_holds(tmp_path: Path) -> None:
    (tmp_path / "photos/deep").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg", "deep/1.jpg", "rows.tsv", "notes.txt"):
        (tmp_path / "photos" / name).touch()
    source = {"kind": "folder", "path": str(tmp_path / "photos")}
    settings = FetchSettings.model_validate({"source": source, "seed": 0, "shard": 0, "shards": 1})
    pinned = settings.model_copy(update={"listing": listing(settings.source, 0, 1, tmp_path / "none")})
    done = fetch_shard(pinned, tmp_path / "raw", {"1.jpg", "deep/1.jpg", "gone.jpg"})
    linked = {path.relative_to(tmp_path / "raw").as_posix() for path in (tmp_path / "raw").rglob("*.*")}
    assert linked == {"1.jpg", "deep/1.jpg", "rows.tsv"} and done.files == 3  # a table may hold images
    with pytest.raises(PipelineError, match="files were added"):
        fetch_shard(settings.model_copy(update={"listing": "0"}), tmp_path / "other", {"1.jpg"})


def test_a_dataset_of_which_nothing_is_used_has_an_empty_index(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    rows = convert_shard(tmp_path / "raw", [], tmp_path / "0.tar", Path("0.tar"), ConvertSettings(to="jpeg"))
    assert rows == [] and "0 images" in draw_health(health(rows))


def test_a_part_of_a_list_of_links_asks_for_nothing_else_and_pins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        entries = {str(n): {"imageURL": f"{server.url}/{n}.jpg"} for n in range(9)}
        server.routes |= {f"/{n}.jpg": file_of(b"image") for n in range(9)}
        server.routes["/list.json"] = file_of(json.dumps(entries).encode())
        source: dict[str, Any] = {"kind": "urls", "list": f"{server.url}/list.json"}
        settings = FetchSettings.model_validate({"source": source, "seed": 0, "shard": 0, "shards": 1})
        part = fetch_shard(settings, tmp_path / "part", {"3.jpg", "5.jpg"})
        assert list(part.pins) == list(Pins().all()) == [source["list"]]
        assert len(server.asked) == 3
        whole = fetch_shard(settings, tmp_path / "whole")
        assert len(whole.pins) == 2
        assert list(fetch_shard(settings, tmp_path / "again", {"3.jpg"}).pins) == [source["list"]]
    assert {path.name for path in (tmp_path / "part").iterdir()} == {"3.jpg", "5.jpg"}


def test_a_sample_may_exceed_the_share_of_faults_by_chance_alone() -> None:
    assert allowed(0.01, 200, sample=False) == 2
    assert 6 < allowed(0.01, 200, sample=True) < 7
    assert allowed(0.0, 200, sample=True) == 0


def test_chosen_rows_keep_their_numbers(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"id": str(n), "conversations": turns if n != 7 else []} for n in range(9)]))
    table = tabulate(rows_of_file(path), ImageReader([]), path, {2, 5, 7})
    assert [row.row for row in table.rows] == [2, 5] and [row["row"] for row in table.rejected] == [7]
    strict = TabulateSettings(file="t.json", unusable=0.0)
    assert "1 of 3 rows cannot be used" in str(refusal(table, strict, True, path, tmp_path / "list"))


def test_what_was_not_chosen_is_not_missing(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    settings = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"))
    chosen = {question.id for question in pope.questions(files, "llava15") if question.images == ("1.jpg",)}
    answers = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold if question.id in chosen else None)
    scored = score_verdicts(grade_answers(answers, files, settings, chosen), settings)
    assert (scored["n"], scored["missing"], scored["coverage"]) == (6, 0, 1.0)
    assert scored["metrics"]["f1"] == 1.0
    with jsonlines.open(answers, "a") as file:
        file.write({"question_id": 1, "text": "Yes"})
    with pytest.raises(PipelineError, match="is not in the question file"):
        grade_answers(answers, files, settings, chosen)


def test_a_submission_holds_the_chosen_questions(tmp_path: Path) -> None:
    files = write_mmbench(tmp_path / "t.tsv", [mmbench_row(1), mmbench_row(2), mmbench_row(1_000_001)])
    settings = SubmitSettings(benchmark="mmbench", protocol="llava15", files=FileNames(questions="t.tsv"))
    upload, missing = make_submission(answer(tmp_path / "a.jsonl", {1: "B"}), files, settings, {"1", "1000001"})
    assert missing == 1
    assert [line[0] for line in cells(upload.content)] == ["index", 1, 1_000_001]
