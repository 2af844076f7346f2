"""POPE's question and label files of several makers: which belong together, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, expect_pope
from tests.unit.test_pope import SHORT, write

TEXT = "Is there a dog in the image?"


def question(**keys: Any) -> dict[str, Any]:
    return {"question_id": 1, "image": "a.jpg", "text": TEXT + SHORT, "category": "random"} | keys


def label(**keys: Any) -> dict[str, Any]:
    return {"question_id": 1, "image": "a.jpg", "text": TEXT, "label": "yes"} | keys


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def gold(root: Path, questions: list[Any], labels: list[Any]) -> dict[str, str]:
    (root / "gold").mkdir(exist_ok=True)
    write(root / "gold/coco_pope_random.json", labels)
    files = Files(write(root / "q.jsonl", questions), root / "gold")
    return pope.gold(files, pope.questions(files, "llava15"), "llava15")


@pytest.mark.parametrize("word", ["Yes", "No", "no ", "", "maybe", 0, 1, False, None, ["no"]])
def test_a_label_other_than_yes_or_no_is_refused_with_line_value_and_set(tmp_path: Path, word: Any) -> None:
    labels = [label(), label(question_id=2, label=word)]
    with pytest.raises(PipelineError) as refused:
        gold(tmp_path, [question(), question(question_id=2)], labels)
    for part in ("coco_pope_random.json:2", "label", repr(word), "'yes' or 'no'"):
        assert part in str(refused.value).replace("\\'", "'")


@pytest.mark.parametrize("key", ["question_id", "image", "text", "label"])
def test_a_label_that_lacks_a_key_is_refused_with_its_line(tmp_path: Path, key: str) -> None:
    with pytest.raises(PipelineError, match=rf"no label of POPE(.|\n)*json:1(.|\n)*{key} is missing"):
        gold(tmp_path, [question()], [without(label(), key)])


@pytest.mark.parametrize("key", ["question_id", "image", "text", "category"])
@pytest.mark.parametrize("value", [None, True, 1.5, ["random"], {}, ""])
def test_a_question_with_a_field_of_another_type_is_refused_with_its_line(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(PipelineError, match=rf"no question of POPE(.|\n)*jsonl:1(.|\n)*{key}: "):
        gold(tmp_path, [question(**{key: value})], [label()])


@pytest.mark.parametrize("category", ["../random", "a/b", "\0", " ", "random\n"])
def test_a_category_that_names_no_file_is_refused(tmp_path: Path, category: str) -> None:
    with pytest.raises(PipelineError, match=r"jsonl:1(.|\n)*category: "):
        gold(tmp_path, [question(category=category)], [label()])


@pytest.mark.parametrize("identifier", ["a", "-1", "1.0", -1, "²"])
def test_an_id_that_is_no_number_is_refused(tmp_path: Path, identifier: Any) -> None:
    with pytest.raises(PipelineError, match=r"jsonl:1(.|\n)*question_id: this should be a whole number"):
        gold(tmp_path, [question(question_id=identifier)], [label()])


@pytest.mark.parametrize(
    "request_text",
    [SHORT, "", " ", "\\nAnswer the question.", " Please answer yes or no.", "请回答是或否。", "\n\nJa oder nein?"],
)
def test_a_question_may_ask_for_any_form_of_answer(tmp_path: Path, request_text: str) -> None:
    assert gold(tmp_path, [question(text=TEXT + request_text)], [label()]) == {"1": "yes"}


@pytest.mark.parametrize("text", ["Is there a cat in the image?", "Is there a do", "there a dog in the image?"])
def test_a_label_of_another_question_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PipelineError, match=r"does not belong(.|\n)*random\.json:1"):
        gold(tmp_path, [question()], [label(text=text)])


def test_a_slip_of_the_first_files_is_no_other_question(tmp_path: Path) -> None:
    slip = "Is there a dog in the imange?"
    assert gold(tmp_path, [question(text=slip + SHORT)], [label()]) == {"1": "yes"}
    assert gold(tmp_path, [question()], [label(text=slip)]) == {"1": "yes"}


def test_labels_are_found_by_the_id_of_the_question_or_that_within_its_category(tmp_path: Path) -> None:
    for identifier, labelled in ((30_001, 30_001), (10_000_001, 1), (10_000_001, 10_000_001)):
        found = gold(tmp_path, [question(question_id=identifier)], [label(question_id=labelled)])
        assert found == {str(identifier): "yes"}


def test_ids_on_one_side_alone_are_named(tmp_path: Path) -> None:
    both = [question(), question(question_id=2)]
    with pytest.raises(
        PipelineError, match=r"1 labels for 2 questions(.|\n)*without a label: 2; labels of no .*: none"
    ):
        gold(tmp_path, both, [label()])
    with pytest.raises(PipelineError, match=r"2 labels for 2 questions(.|\n)*without a label: 2; labels of no .*: 7"):
        gold(tmp_path, both, [label(), label(question_id=7)])
    with pytest.raises(PipelineError, match=r"second label of the same id(.|\n)*random\.json:2"):
        gold(tmp_path, both, [label(), label()])


def test_recorded_answers_to_the_newer_9000_questions_get_the_official_score(recorded: Recordings) -> None:
    folder = recorded.folder / "pope-head"
    options = ["--questions", str(folder / "llava_pope_test.jsonl"), "--gold", str(folder / "labels"), "--json"]
    answers = str(folder / "llava-v1.6-vicuna-7b.jsonl")
    done = CliRunner().invoke(app, ["score", answers, "--benchmark", "pope", *options])
    scored = json.loads(done.stdout)
    expect_pope(scored, recorded.official("pope-head"))
    if recorded.source == "whole":
        assert (round(scored["metrics"]["f1"], 7), scored["n"]) == (0.8640420, 9000)
