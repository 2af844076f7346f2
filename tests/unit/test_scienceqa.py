"""ScienceQA: questions by protocol, gold from two places, the metrics; and real answers with the official score."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonlines
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline_lib.benchmarks import scienceqa
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.score import ScoreSettings, score_verdicts
from tests.recordings import Recordings
from tests.scored import grade_answers, scored_answers

LETTER = "\nAnswer with the option's letter from the given choices directly."
TEXT = "Context: It barks.\nWhat is it?\nA. cat\nB. dog\nC. bird"


def settings(protocol: str = "llava15") -> ScoreSettings:
    return ScoreSettings(benchmark="scienceqa", protocol=protocol, files=FileNames(questions="q"))


def row(name: str, image: bool, said: str | None = "B", text: str = TEXT) -> dict[str, Any]:
    """Return a row of the question file."""
    turns = [{"from": "human", "value": f"<image>\n{text}" if image else text}]
    turns += [{"from": "gpt", "value": said}] if said else []
    return {"id": name, **({"image": f"{name}/image.png"} if image else {}), "conversations": turns}


def write(root: Path, rows: list[dict[str, Any]], **gold: Any) -> Files:
    """Write a question file and, where given, files of the gold folder."""
    (root / "gold").mkdir(exist_ok=True)
    (root / "questions.json").write_text(json.dumps(rows))
    for name, content in gold.items():
        (root / "gold" / f"{name}.json").write_text(json.dumps(content))
    return Files(root / "questions.json", root / "gold" if gold else None)


def problem(answer: int = 1, choices: int = 3) -> dict[str, Any]:
    return {"question": "What is it?", "choices": ["cat", "dog", "bird", "eel"][:choices], "answer": answer}


def answers(path: Path, texts: dict[str, str], **keys: Any) -> Path:
    with jsonlines.open(path, "w") as writer:
        writer.write_all({"question_id": name, "text": text, **keys} for name, text in texts.items())
    return path


def score(files: Files, path: Path, protocol: str = "llava15") -> dict[str, Any]:
    return score_verdicts(grade_answers(path, files, settings(protocol)), settings(protocol))


def test_a_question_is_asked_and_recorded_as_llava_does(tmp_path: Path) -> None:
    shown, told = scienceqa.questions(write(tmp_path, [row("5", True), row("4", False)]), "llava15")
    assert shown.prompt == told.prompt == TEXT + LETTER
    assert (shown.images, shown.part, told.images, told.part) == (("5/image.png",), "image", (), "text")
    assert shown.record == {"question_id": "5", "prompt": f"<image>\n{TEXT}{LETTER}"}
    assert told.record == {"question_id": "4", "prompt": TEXT + LETTER}
    assert shown.options == {"A": "cat", "B": "dog", "C": "bird"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Which?\nA. x\nB. y", {"A": "x", "B": "y"}),
        ("Which?\nA. Love,\nZoe\nB. love,\nZoe", {"A": "Love,\nZoe", "B": "love,\nZoe"}),
        ("Figure:\nA. lens\nB. rod\nWhich?\nA. x\nB. y\nC. z", {"A": "x", "B": "y", "C": "z"}),
        ("Which?\nA. x\nC. y", {"A": "x\nC. y"}),
        ("Which?\nA. \nB. y", {"A": "", "B": "y"}),
        ("A. x\nB. y\nB. z", {"A": "x", "B": "y\nB. z"}),
        ("Which?\nB. x", {}),
    ],
)
def test_options_stand_at_the_end_on_lines_of_their_letters(text: str, options: dict[str, str]) -> None:
    assert scienceqa.options_of(text) == options


def test_the_prompt_of_an_answer_must_be_the_recorded_one(tmp_path: Path) -> None:
    files = write(tmp_path, [row("5", True)])
    right = answers(tmp_path / "a.jsonl", {"5": "B"}, prompt=f"<image>\n{TEXT}{LETTER}")
    assert score(files, right)["metrics"] == {"accuracy": 1.0, "accuracy/image": 1.0}
    with pytest.raises(PipelineError, match="another question of the same id"):
        score(files, answers(tmp_path / "b.jsonl", {"5": "B"}, prompt=TEXT + LETTER))


def test_metrics_of_parts_that_are_not_there_are_absent(tmp_path: Path) -> None:
    for image, part in ((True, "image"), (False, "text")):
        files = write(tmp_path, [row("1", image), row("2", image)])
        path = answers(tmp_path / "a.jsonl", {"1": "B", "2": "E"})
        scored = scored_answers(path, files, settings()).score
        assert scored["metrics"] == {"accuracy": 0.5, f"accuracy/{part}": 0.5}
        assert scored["primary"] == ("accuracy/image" if image else None)


def test_problems_give_the_gold_where_the_question_file_gives_none(tmp_path: Path) -> None:
    files = write(tmp_path, [row("5", True, said=None)], problems={"5": problem(2)})
    assert scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15") == {"5": "C"}


def test_gold_in_words_is_read_as_an_answer_is(tmp_path: Path) -> None:
    files = write(tmp_path, [row("5", True, said="The answer is B.")])
    assert scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15") == {"5": "B"}


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        ({"5": problem(answer=0)}, r"do not agree(.|\n)*5: A of 3"),
        ({"5": problem(choices=4)}, r"do not agree(.|\n)*5: B of 4"),
        ({"5": problem(answer=3)}, r"no answer to this question(.|\n)*'5'"),
        ({"5": problem(answer=-1)}, r"no answer to this question(.|\n)*'5'"),
        ({"6": problem()}, r"no answer to this question(.|\n)*'5'"),
        ({"5": problem(answer=3)}, "answer 3 of 3 choices"),
        ({"5": problem(answer=True)}, r"'5'(.|\n)*answer: .* not True"),
        ({"5": problem(answer=1.0)}, r"answer: .* not 1\.0"),
        ({"5": problem(answer="B")}, "answer: .* not 'B'"),
        ({"5": {"choices": "cat", "answer": 1}}, "choices: .* not 'cat'"),
        ({"5": {"choices": [], "answer": 0}}, "choices: "),
        ({"5": {"choices": ["cat", None], "answer": 0}}, r"choices\.1: .* not None"),
        ({"5": {"choices": ["cat"]}}, "answer is missing"),
        ({"5": "B"}, "no answer to this question"),
        ([problem()], "not a JSON object"),
    ],
)
def test_problems_that_do_not_belong_are_refused(tmp_path: Path, problems: Any, message: str) -> None:
    files = write(tmp_path, [row("5", True)], problems=problems)
    with pytest.raises(PipelineError, match=message):
        scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15")


def test_ids_of_the_split_that_are_not_asked_are_missing_and_count_nothing(tmp_path: Path) -> None:
    splits = {"train": ["1"], "test": ["4", "5", "6"], "minitest": ["4"]}
    problems = {name: problem() for name in ("1", "4", "5", "6")}
    files = write(tmp_path, [row("4", False), row("5", True)], problems=problems, pid_splits=splits)
    path = answers(tmp_path / "a.jsonl", {"4": "B", "5": "A"})
    verdicts = grade_answers(path, files, settings())
    assert [(v.question.id, v.gold, v.grade.rule, v.grade.status) for v in verdicts[2:]] == [
        ("6", "B", "unasked", "missing")
    ]
    scored = score_verdicts(verdicts, settings())
    assert scored["metrics"] == {"accuracy": 0.5, "accuracy/image": 0.0, "accuracy/text": 1.0}
    assert (scored["n"], scored["missing"], scored["status"]) == (3, 1, "partial")
    assert scored["coverage"] == pytest.approx(2 / 3)


def test_the_smallest_split_that_holds_the_questions_is_the_one(tmp_path: Path) -> None:
    splits = {"trainval": ["1", "2", "3"], "val": ["2", "3"], "test": ["4", "5"]}
    files = write(tmp_path, [row("2", False)], pid_splits=splits)
    assert scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15") == {"2": "B", "3": ""}
    files = write(tmp_path, [row("2", False), row("4", False)], pid_splits=splits)
    with pytest.raises(PipelineError, match="no split"):
        scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15")


@pytest.mark.parametrize("ids", ["5", {"5": 1}, ["5", None], [5.0], None])
def test_a_split_that_is_no_list_of_ids_is_refused(tmp_path: Path, ids: Any) -> None:
    files = write(tmp_path, [row("5", False)], pid_splits={"test": ids})
    with pytest.raises(PipelineError, match=r"a split is a list of ids(.|\n)*pid_splits\.json, 'test'"):
        scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"id": "1"}, "is a JSON list"),
        ([{"id": "1"}], r"row 1(.|\n)*conversations is missing"),
        ([row("1", False), {"id": "2", "conversations": []}], "row 2"),
        ([{"id": "2", "conversations": ["B"]}], "row 1"),
        ([{"id": "", "conversations": [{"value": TEXT}]}], "row 1"),
        ([row("7", False, text="Options: (A) x (B) y")], r"no options(.|\n)*'7'"),
        ([row("7", False) | {"id": True}], "row 1(.|\n)*id: "),
        ([row("7", False) | {"image": ["7.png"]}], "row 1(.|\n)*image: "),
        ([row("7", False) | {"image": ""}], "row 1(.|\n)*image: "),
        ([row("7", False) | {"conversations": [{"value": 7}]}], r"conversations\.0\.value: .* not 7"),
        (
            [row("7", False), row("8", False, text=f"<image>\n{TEXT}")],
            r"shows more than its `image`(.|\n)*row 2(.|\n)*8: <image>",
        ),
        ([row("7", False) | {"images": ["7.png"]}], r"shows more than its `image`(.|\n)*7: images"),
        ([row("7", True) | {"video": "7.mp4"}], "7: video"),
        ([row("7", False) | {"img": "7.png"}], "7: img"),
        ([row("7", False) | {"picture": "7.png"}], "7: picture"),
        ([row("7", False) | {"conversations": [{"value": TEXT}] * 3}], "row 1(.|\n)*at most 2"),
    ],
)
def test_a_hostile_question_file_is_refused(tmp_path: Path, rows: Any, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        scienceqa.questions(write(tmp_path, rows), "llava15")


def test_a_gold_that_is_none_is_refused(tmp_path: Path) -> None:
    files = write(tmp_path, [row("7", False, said="K")])
    with pytest.raises(PipelineError, match=r"no gold letter(.|\n)*'7'"):
        scienceqa.gold(files, scienceqa.questions(files, "llava15"), "llava15")
    for said in ("D", "b", "The answer is dog."):
        with pytest.raises(PipelineError, match=rf"no gold letter(.|\n)*row 1(.|\n)*{said}.* of A, B, C"):
            scienceqa.gold(
                write(tmp_path, [row("7", False, said=said)]), scienceqa.questions(files, "llava15"), "llava15"
            )
    empty = Files(files.questions, tmp_path)
    with pytest.raises(PipelineError, match=r"problems\.json, pid_splits\.json or both"):
        scienceqa.gold(empty, scienceqa.questions(files, "llava15"), "llava15")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"results": {"5": 1}}', r"neither answers as JSON Lines nor(.|\n)*results"),
        ('{"outputs": ["B"]}', "neither answers"),
        ('{"outputs": {"5": 1}}', "neither answers"),
        ('{"outputs": {"5": "B", "5": "A"}}', "twice in one object"),
        ('{"outputs": {}}', "no answers"),
        ('{"outputs": {"9": "B"}}', r"is not in the question file(.|\n)*outputs, 9"),
        ('{"outputs": {"5": "B"', "not valid JSON"),
        ("[]", "not a JSON object"),
        ("", "no answers"),
    ],
)
def test_a_result_file_of_a_wrong_shape_is_refused(tmp_path: Path, content: str, message: str) -> None:
    files = write(tmp_path, [row("5", True)])
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(PipelineError, match=message):
        score(files, tmp_path / "a.jsonl")


def test_a_result_file_is_known_by_its_content_and_its_failures_are_missing(tmp_path: Path) -> None:
    files = write(tmp_path, [row("4", False), row("5", False)])
    (tmp_path / "a.jsonl").write_text(json.dumps({"acc": 1, "outputs": {"5": "B", "4": "FAILED"}}, indent=2))
    scored = score(files, tmp_path / "a.jsonl")
    assert (scored["metrics"]["accuracy"], scored["missing"], scored["unparsed"]) == (1.0, 1, 0)
    one_line = answers(tmp_path / "one.json", {"5": "B"})
    assert score(files, one_line)["metrics"] == scored["metrics"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["A", "B", "E", "?", None])), min_size=1, max_size=12))
def test_the_accuracies_are_those_of_a_plain_count(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    root = tmp_path_factory.mktemp("drawn")
    files = write(root, [row(str(number), image) for number, (image, _) in enumerate(drawn)])
    said = {str(number): text for number, (_, text) in enumerate(drawn) if text}
    parts = {"accuracy/image": True, "accuracy/text": False}
    answered = {name: [text == "B" for image, text in drawn if text and image == kind] for name, kind in parts.items()}
    asked = {name for name, kind in parts.items() if kind in {image for image, _ in drawn}}
    assume(all(answered[name] for name in asked))
    metrics = score(files, answers(root / "a.jsonl", said))["metrics"]
    right = [hit for name in asked for hit in answered[name]]
    expected = {name: sum(answered[name]) / len(answered[name]) for name in asked} | {
        "accuracy": sum(right) / len(right)
    }
    assert metrics == pytest.approx(expected)


@pytest.mark.parametrize("protocol", ["llava15", "lmms_eval"])
def test_recorded_answers_of_llava_13b_get_the_official_score(recorded: Recordings, protocol: str) -> None:
    folder, official = recorded.folder / "scienceqa", recorded.official("scienceqa")
    options = ["--benchmark", "scienceqa", "--questions", str(folder / "llava_test_CQM-A.json"), "--gold", str(folder)]
    result = str(folder / "llava-v1.5-13b_result.json")
    done = CliRunner().invoke(app, ["score", result, *options, "--protocol", protocol, "--json"])
    scored = json.loads(done.stdout)
    assert (scored["primary"], scored["n"], scored["missing"]) == ("accuracy/image", official["rows"], 0)
    assert scored["metrics"]["accuracy"] == pytest.approx(official["correct"] / official["rows"])
    assert scored["metrics"]["accuracy/image"] == pytest.approx(official["image_correct"] / official["image_rows"])
    status = {"sample": "unparsed", "whole": "complete"}  # the sample has every unparsed answer
    assert (scored["status"], scored["model"]) == (status[recorded.source], None)
    if recorded.source == "whole":
        assert round(scored["metrics"]["accuracy"], 7) == 0.7439283
        assert round(scored["metrics"]["accuracy/image"], 7) == 0.7164105
        assert scored["marks"] == {}


def test_recorded_answers_that_are_no_choice_are_those_of_the_original(recorded: Recordings) -> None:
    folder = recorded.folder / "scienceqa"
    result = folder / "llava-v1.5-13b_result.json"
    verdicts = grade_answers(result, Files(folder / "llava_test_CQM-A.json"), settings())
    official = json.loads(result.read_text())["results"]
    rules = Counter(verdict.grade.rule for verdict in verdicts if verdict.grade.rule in ("none", "beyond"))
    assert rules == {"none": 5, "beyond": {"sample": 4, "whole": 33}[recorded.source]}
    for verdict in verdicts:
        place = (
            "ABCDE".index(str(verdict.grade.extracted or "A")) if verdict.grade.rule not in ("none", "beyond") else -1
        )
        assert official[verdict.question.id] == place
