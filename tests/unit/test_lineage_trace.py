"""`vlmflow lineage trace` and `impact`: one answer followed up, and one image or row followed down."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.index import write_index
from pipeline_lib.lineage.impact import Impact, impact_of
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.subject import find_subject
from pipeline_lib.lineage.trace import Trace, trace_answer
from tests.small_study import HOST, IMAGES, USER_FOLDER, SmallStudy


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """Return a finished study in the working directory."""
    monkeypatch.chdir(tmp_path)
    return SmallStudy(tmp_path).make()


def trace(result: str, row: str) -> Trace:
    return trace_answer(Records(Path()), Reference.parse(result), row)


def impact(subject: str) -> Impact:
    records = Records(Path())
    return impact_of(records, find_subject(records, subject))


def artefacts(reached: Impact, stage: str) -> list[str]:
    return [each.artefact for each in reached.of_stage(stage)]


def test_an_answer_is_followed_to_its_question_image_prompt_rule_and_rows() -> None:
    traced = trace("results/pope_score.json#/runs/half", "2")
    assert traced.question == "Is there a dog in the image?"
    assert traced.prompt is not None and traced.prompt.endswith(f"USER: <image>\n{traced.question} ASSISTANT:")
    assert traced.answer["text"] == "Yes" and traced.verdict["grade"] == 0.0 and traced.verdict["gold"] == "no"
    (image,) = traced.images
    assert (image.path, image.stored) == (IMAGES[2], f"data/raw/tests/000/{IMAGES[2]}")
    assert [(each.checkpoint, each.rows, each.same_image) for each in traced.trainings] == [
        ("results/checkpoints/half", 1, 0)
    ]


def test_rows_that_show_the_image_of_a_question_are_counted(study: SmallStudy) -> None:
    row = replace(study.index_row("data/raw/scenes/000", IMAGES[0]), path=IMAGES[2])
    write_index(Path("data/images/tests/index.parquet"), [row])
    (training,) = trace("results/scores/full/pope.json", "1").trainings
    assert (training.same_image, training.examples) == (2, ["row-0", "row-2"])


def test_rows_of_a_subset_that_is_not_here_are_not_counted_as_none() -> None:
    Path("results/subsets/half.parquet").unlink()
    (training,) = trace("results/scores/half/pope.json", "1").trainings
    assert training.same_image is None
    printed = CliRunner().invoke(app, ["lineage", "trace", "results/scores/half/pope.json", "--row", "1"])
    assert "full on 1 rows of results/subsets/half, which is not here\n" in printed.output


def test_unreadable_training_images_are_named_and_the_rest_is_printed() -> None:
    printed = CliRunner().invoke(app, ["lineage", "trace", "results/scores/full/pope.json", "--row", "1"])
    assert printed.exit_code == 0 and "nearest training images: unknown: " in printed.output
    typed = CliRunner().invoke(app, ["lineage", "trace", "results/scores/full/pope.json", "--row", "1", "--json"])
    assert json.loads(typed.output)["nearest"]["unknown"]


@pytest.mark.parametrize(
    ("result", "row", "message"),
    [
        ("results/pope_score.json", "1", "results/pope_score.json#/runs/NAME"),
        ("results/scores/half/pope.json", "3", "ids are those of results/verdicts/half/pope.parquet, such as '1'"),
        ("results/scores/hal/pope.json", "1", "did you mean 'results/scores/half/pope.json'?"),
    ],
)
def test_what_cannot_be_traced_is_named_with_what_can(result: str, row: str, message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        trace(result, row)
    assert message in str(raised.value)


def test_an_image_reaches_only_the_subsets_with_its_rows() -> None:
    reached = impact("train/b.jpg")
    assert [(each.artefact, each.rows) for each in reached.of_stage("sample")] == [("results/subsets/full", 1)]
    assert artefacts(reached, "train") == ["results/checkpoints/full"]
    assert [number.score for number in reached.numbers] == ["results/scores/full/pope.json"]
    assert artefacts(reached, "gather") == ["results/pope_score.json"]
    assert "train half" not in reached.jobs and "train full" in reached.jobs and "fetch scenes-000" in reached.jobs
    assert reached.seconds == len(reached.jobs), "each job of this study took a second"


def test_an_image_is_found_by_its_raw_file_and_by_its_digest_too() -> None:
    (row,) = [row for row in SmallStudy(Path()).conversations() if row.image == "train/b.jpg"]
    assert impact(f"data/raw/scenes/000/{IMAGES[1]}").jobs == impact("train/b.jpg").jobs
    assert impact(str(row.image_sha256)[:16]).jobs == impact("train/b.jpg").jobs


def test_a_dataset_and_a_folder_of_images_stand_for_all_of_their_images() -> None:
    for name in ("scenes", "data/images/scenes", "data/raw/scenes/", "train"):
        assert artefacts(impact(name), "train") == ["results/checkpoints/full", "results/checkpoints/half"], name
    assert artefacts(impact("tests"), "train") == [] and len(artefacts(impact("test"), "predict")) == 2
    assert len(artefacts(impact("data/raw/talk"), "train")) == 2, "a dataset without images"


def test_an_image_of_a_question_reaches_answers_and_no_checkpoint() -> None:
    reached = impact(IMAGES[2])
    assert artefacts(reached, "train") == [] and len(artefacts(reached, "predict")) == 2
    assert len(reached.numbers) == 2


def test_a_row_reaches_what_was_trained_on_it() -> None:
    assert artefacts(impact("talk:row-0"), "train") == ["results/checkpoints/full", "results/checkpoints/half"]
    assert artefacts(impact("talk:#2"), "train") == ["results/checkpoints/full"]


def test_a_file_reaches_all_that_was_made_from_it() -> None:
    assert artefacts(impact("results/subsets/half.parquet"), "train") == ["results/checkpoints/half"]
    assert len(artefacts(impact("data/raw/talk/000/talk.json"), "train")) == 2
    assert artefacts(impact("data/raw/pope/000/questions.jsonl"), "train") == []


@pytest.mark.parametrize(
    ("subject", "message"),
    [("talk:row-9", "did you mean 'row-2'?"), ("results/subsets/hal", "did you mean 'results/subsets/half'?")],
)
def test_a_subject_that_does_not_exist_suggests_one(subject: str, message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        impact(subject)
    assert message.split("'")[0] in str(raised.value)


def test_the_commands_print_both_and_json_without_host_and_paths() -> None:
    printed = CliRunner().invoke(app, ["lineage", "trace", "results/scores/half/pope.json", "--row", "2"])
    assert "answer: 'Yes'" in printed.output and "verdict: grade 0.0, ok" in printed.output
    typed = CliRunner().invoke(app, ["lineage", "trace", "results/scores/half/pope.json", "--row", "2", "--json"])
    assert json.loads(typed.output)["images"][0]["source"] == {"kind": "folder", "path": "(a path of this machine)"}
    assert not any(text in printed.output + typed.output for text in (HOST, USER_FOLDER))
    reached = CliRunner().invoke(app, ["lineage", "impact", "train/b.jpg"])
    assert "results/subsets/full (1 row)\n" in reached.output
    assert json.loads(CliRunner().invoke(app, ["lineage", "impact", "train/b.jpg", "--json"]).output)["jobs"]
