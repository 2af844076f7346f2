"""Short answers with one or few gold answers: equal texts, ANLS, relaxed numbers, contained words; and their files."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import chartqa, docvqa, gqa, tiny_lvlm
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.benchmarks.families import comparers
from pipeline_lib.benchmarks.families.comparers import Comparer
from pipeline_lib.benchmarks.families.short_answers import golds_of
from pipeline_lib.config.benchmark_data import data_of
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from pipeline_lib.sources import digits_answers
from tests.recordings import SHORT, write_json, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

COMPARERS: dict[str, Comparer] = {
    "in_either_case": comparers.in_either_case,
    "without_punctuation": comparers.without_punctuation,
    "gqa_converted": comparers.gqa_converted,
    "as_it_is": comparers.as_it_is,
    "anls": comparers.anls,
    "anls_stripped": comparers.anls_stripped,
    "relaxed": comparers.relaxed,
    "relaxed_to_answer": comparers.relaxed_to_answer,
    "contained": comparers.contained,
}
QUESTION = "What is it?"


@pytest.mark.parametrize("name", COMPARERS)
def test_answers_are_graded_as_the_official_code_grades_them(name: str) -> None:
    rows = official_verdicts("short_answers")
    grades = [COMPARERS[name](row["answer"], tuple(row["golds"]))[0] for row in rows]
    assert grades == [pytest.approx(row["grades"][name], abs=1e-9) for row in rows]


@pytest.mark.parametrize(
    ("answer", "gold", "of_gold", "of_answer"),
    [("95", "100", 1, 0), ("95.2", "100", 1, 0), ("105.2", "100", 0, 1), ("105", "100", 1, 1), ("2100", "2015", 1, 1)],
)
def test_internvl_takes_five_per_cent_of_the_answer(answer: str, gold: str, of_gold: float, of_answer: float) -> None:
    assert comparers.relaxed(answer, (gold,))[0] == of_gold
    assert comparers.relaxed_to_answer(answer, (gold,))[0] == of_answer


def test_anls_divides_by_the_length_of_the_texts_as_they_are() -> None:
    assert comparers.anls("  cut  ", ("cats",))[0] == pytest.approx(1 - 2 / 7)
    assert comparers.anls_stripped("  cut  ", ("cats",))[0] == 0.5
    assert comparers.anls("a b", ("a  b",))[0] == 1
    assert comparers.anls("", ("",))[0] == 1


TEXTS = st.text(alphabet="abAB 1.5%,-", max_size=6) | st.sampled_from(["cat", "the cat", "50%", "0", "1,000"])


@pytest.mark.parametrize("name", COMPARERS)
@given(answer=TEXTS, golds=st.lists(TEXTS, min_size=1, max_size=4, unique=True))
def test_the_order_of_gold_answers_does_not_matter_and_further_ones_never_harm(
    name: str, answer: str, golds: list[str]
) -> None:
    grade = COMPARERS[name](answer, tuple(golds))[0]
    assert 0 <= grade <= 1
    assert COMPARERS[name](answer, tuple(golds[::-1]))[0] == grade >= COMPARERS[name](answer, (golds[0],))[0]


@pytest.mark.parametrize("name", COMPARERS)
@given(gold=st.sampled_from(["cat", "14", "hot dog", "no", "0.57"]))
def test_the_gold_answer_is_right_and_an_empty_answer_is_not(name: str, gold: str) -> None:
    assert COMPARERS[name](gold, (gold,))[0] == 1
    assert COMPARERS[name]("", (gold,))[0] == 0


@given(st.text(max_size=8), st.text(max_size=8))
def test_edits_are_a_distance(first: str, second: str) -> None:
    assert comparers.edits(first, second) == comparers.edits(second, first) <= max(len(first), len(second))
    assert (comparers.edits(first, second) == 0) == (first == second)
    assert comparers.edits(first, second) == by_table(first, second)


def by_table(first: str, second: str) -> int:
    """Return the same distance from the whole table."""
    row = [*range(len(first) + 1)]
    for number, character in enumerate(second, 1):
        above, row = row, [number]
        for column, other in enumerate(first):
            row.append(min(above[column] + (other != character), above[column + 1] + 1, row[-1] + 1))
    return row[-1]


@pytest.mark.parametrize(("first", "second"), [("kitten", "sitting"), ("abc" * 30, "acb" * 40), ("", "x" * 9)])
def test_edits_of_longer_texts_are_those_of_the_table(first: str, second: str) -> None:
    assert comparers.edits(first, second) == by_table(first, second)


def write_gqa(folder: Path) -> Files:
    """Write LLaVA's questions and GQA's own with gold answers, by id."""
    rows = [(str(number), f"n{number}.jpg", kind) for number, kind in enumerate(("query", "verify", "choose", "query"))]
    write_lines(
        folder / "q.jsonl",
        [{"question_id": name, "image": image, "text": f"{QUESTION}\n{SHORT}"} for name, image, _ in rows],
    )
    own = {
        name: {
            "question": QUESTION,
            "imageId": image[:-4],
            "answer": "cat",
            "types": {"structural": kind},
            "isBalanced": True,
        }
        for name, image, kind in rows
    }
    write_json(folder / "gold.json", own)
    return Files(folder / "q.jsonl", folder / "gold.json")


@pytest.mark.parametrize(
    ("protocol", "binary", "opened"),
    [
        ("llava15", 0.5, 0.5),
        ("internvl12", 0.5, 0.5),
        ("official", 0, 0),
        ("lmms_eval", 1, 0.5),
        ("vlmevalkit", 0, 0.5),
    ],
)
def test_gqa_counts_open_and_binary_questions(tmp_path: Path, protocol: str, binary: float, opened: float) -> None:
    files = write_gqa(tmp_path)
    texts = ["Cat", "Cat..", "cat!", "a cat"]
    answers = answer_with(tmp_path / "a.jsonl", list(zip(asked("gqa", files, protocol), texts, strict=True)))
    metrics = score("gqa", files, answers, protocol)["metrics"]
    assert (metrics["accuracy/binary"], metrics["accuracy/open"]) == (binary, opened)
    assert metrics["accuracy"] == (binary + opened) / 2


def test_gqa_asks_the_same_from_its_own_file(tmp_path: Path) -> None:
    files = write_gqa(tmp_path)
    assert files.gold is not None
    own = gqa.questions(Files(files.gold), "lmms_eval")
    assert [(q.id, q.prompt, q.images) for q in own] == [
        (q.id, q.prompt, q.images) for q in asked("gqa", files, "lmms_eval")
    ]


@pytest.mark.parametrize("row", [{}, {"types": {}}, {"types": {"structural": None}}])
def test_a_question_of_gqa_without_a_type_is_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    files = write_gqa(tmp_path)
    questions = asked("gqa", files)
    assert files.gold is not None
    write_json(files.gold, {"0": {"question": QUESTION, "imageId": "n0", "answer": "cat", **row}})
    with pytest.raises(PipelineError, match=r"(?s)own questions have `types`.*gold\.json, row 1"):
        gqa.gold(files, questions, "llava15")


INTERNVL = {"question_id": 3, "image": "data/x/a.png", "question": QUESTION, "answer": "cat"}


@pytest.mark.parametrize("benchmark", ["gqa", "ocrvqa", "docvqa"])
def test_rows_of_internvl_have_their_answers(tmp_path: Path, benchmark: str) -> None:
    write_lines(tmp_path / "q.jsonl", [INTERNVL, INTERNVL | {"question_id": 4, "answer": ["dog", "cat"]}])
    files = Files(tmp_path / "q.jsonl")
    pairs = [(question, " Cat") for question in asked(benchmark, files, "vlmevalkit")]
    assert [question.images for question, _ in pairs] == [("a.png",)] * 2
    scored = score(benchmark, files, answer_with(tmp_path / "a.jsonl", pairs), "vlmevalkit")
    assert scored["metrics"][scored["primary"]] == 1
    assert (
        score(benchmark, files, answer_with(tmp_path / "b.jsonl", pairs[::-1]), "vlmevalkit")["metrics"]
        == scored["metrics"]
    )


def test_docvqa_reads_its_own_file_and_writes_its_upload(tmp_path: Path) -> None:
    rows = [
        {
            "questionId": number,
            "question": QUESTION,
            "image": f"documents/{number}.png",
            "docId": 1,
            "answers": ["Cat", "a cat"],
        }
        for number in (7, 5)
    ]
    document = {"dataset_name": "docvqa", "dataset_split": "val", "data": rows}
    write_json(tmp_path / "val.json", document)
    files = Files(tmp_path / "val.json")
    questions = asked("docvqa", files, "official")
    assert [(q.id, q.images, q.prompt) for q in questions] == [
        ("7", ("7.png",), f"{QUESTION}\n{SHORT}"), ("5", ("5.png",), f"{QUESTION}\n{SHORT}"),
    ]  # fmt: skip
    answers = answer_with(tmp_path / "a.jsonl", [(questions[1], "Cats ")])
    scored = score("docvqa", files, answers, "official")
    assert (scored["metrics"], scored["missing"], scored["primary"]) == ({"anls": 0.8}, 1, "anls")
    settings = SubmitSettings(benchmark="docvqa", protocol="official", files=FileNames(questions="q"))
    upload, missing = make_submission(answers, files, settings)
    assert json.loads(upload.content) == [{"questionId": 7, "answer": ""}, {"questionId": 5, "answer": "Cats "}]
    assert missing == 1
    write_json(
        tmp_path / "val.json", document | {"data": [{k: v for k, v in row.items() if k != "answers"} for row in rows]}
    )
    assert docvqa.gold(files, questions, "official") == {}


def write_chartqa(folder: Path) -> Files:
    """Write ChartQA's two files; an identical row twice is asked twice."""
    row = {"imgname": "1.png", "query": "How many?", "label": "14"}
    folder.mkdir()
    write_json(folder / "test_human.json", [row, row, {**row, "query": "Which?", "label": "green line"}])
    write_json(folder / "test_augmented.json", [{"imgname": "two_col_1.png", "query": "When?", "label": "2015"}])
    return Files(folder)


def test_chartqa_has_two_parts_in_a_folder(tmp_path: Path) -> None:
    files = write_chartqa(tmp_path / "test")
    questions = asked("chartqa", files, "lmms_eval")
    assert [(q.id, q.part) for q in questions] == [
        ("1.png how many?", "human"), ("1.png how many? (2)", "human"), ("1.png which?", "human"),
        ("two_col_1.png when?", "augmented"),
    ]  # fmt: skip
    assert questions[0].prompt == "How many?\nAnswer the question with a single word."
    answers = answer_with(tmp_path / "a.jsonl", list(zip(questions, ["14.5", "13", "Green", "2100"], strict=True)))
    assert score("chartqa", files, answers, "lmms_eval")["metrics"] == {
        "accuracy": 0.5, "accuracy/human": round(1 / 3, 10), "accuracy/augmented": 1,
    }  # fmt: skip


def test_one_file_of_chartqa_is_one_part(tmp_path: Path) -> None:
    files = Files(write_chartqa(tmp_path / "test").questions / "test_augmented.json")
    assert {question.part for question in asked("chartqa", files, "vlmevalkit")} == {"augmented"}
    write_lines(tmp_path / "test_human.jsonl", [INTERNVL])
    assert {question.part for question in asked("chartqa", Files(tmp_path / "test_human.jsonl"), "internvl12")} == {
        "human"
    }


def test_files_of_which_no_part_is_known_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "other.json", [])
    with pytest.raises(PipelineError, match=r"(?s)says no part.*other\.json.*test_human\.json, test_augmented\.json"):
        chartqa.questions(Files(tmp_path / "other.json"), "lmms_eval")
    with pytest.raises(PipelineError, match=r"(?s)one file a part.*none of its files"):
        chartqa.questions(Files(tmp_path), "lmms_eval")
    files = write_chartqa(tmp_path / "test")
    write_lines(files.questions / "test_human.jsonl", [INTERNVL])
    with pytest.raises(PipelineError, match=r"(?s)one file a part.*several files of human"):
        chartqa.questions(files, "lmms_eval")


def write_tiny(folder: Path) -> Files:
    for ability in tiny_lvlm.ABILITIES:
        (folder / ability).mkdir(parents=True)
        rows = [
            {"image_path": f"{n}.png", "question": QUESTION, "gt_answers": gold}
            for n, gold in enumerate(("Cat", ["two"]))
        ]
        write_json(folder / ability / "dataset.json", rows)
    return Files(folder)


def test_the_score_of_tiny_lvlm_is_the_sum_over_abilities(tmp_path: Path) -> None:
    files = write_tiny(tmp_path / "updated_datasets")
    questions = asked("tiny_lvlm", files, "internvl12")
    assert (questions[0].images, questions[0].prompt) == (("Visual_Reasoning/0.png",), f"{QUESTION} {SHORT}")
    perfect = answer_with(tmp_path / "a.jsonl", [(q, "It is a cat, or 2.") for q in questions])
    assert score("tiny_lvlm", files, perfect, "internvl12")["metrics"]["sum"] == 5
    halves = answer_with(tmp_path / "b.jsonl", [(q, "a cat") for q in questions])
    scored = score("tiny_lvlm", files, halves, "internvl12")
    assert (scored["metrics"]["sum"], scored["metrics"]["accuracy"], scored["primary"]) == (2.5, 0.5, "sum")


@pytest.mark.parametrize("gold", ["", ["cat", " "]])
def test_an_empty_gold_answer_which_every_answer_contains_is_refused(tmp_path: Path, gold: str | list[str]) -> None:
    files = write_tiny(tmp_path)
    row = {"image_path": "0.png", "question": QUESTION, "gt_answers": gold}
    write_json(tmp_path / "Visual_Reasoning" / "dataset.json", [row])
    with pytest.raises(PipelineError, match=r"(?s)an empty gold answer.*dataset\.json, row 1.*0\.png what is it"):
        tiny_lvlm.gold(files, asked("tiny_lvlm", files, "internvl12"), "internvl12")


def test_gold_answers_to_another_question_of_the_id_are_refused(tmp_path: Path) -> None:
    files = write_gqa(tmp_path)
    assert files.gold is not None
    write_lines(files.gold, [INTERNVL | {"question_id": "0", "question": "Who is it?"}, INTERNVL])
    with pytest.raises(PipelineError, match=r"(?s)to another question of the id.*0: 'Who is it\?'.*'What is it\?'"):
        gqa.gold(files, asked("gqa", files), "llava15")


@pytest.mark.parametrize("benchmark", ["gqa", "ocrvqa", "docvqa"])
def test_conflicting_rows_of_an_id_are_refused(tmp_path: Path, benchmark: str) -> None:
    write_lines(tmp_path / "q.jsonl", [INTERNVL, INTERNVL, INTERNVL | {"answer": "dog"}])
    module = load("benchmarks", benchmark)
    with pytest.raises(PipelineError, match=r"(?s)other gold answers.*q\.jsonl:3"):
        module.gold(Files(tmp_path / "q.jsonl"), [], "internvl12")


@pytest.mark.parametrize("change", [{"answer": 3}, {"question": None}, {"image": ["a.png"]}, {"question_id": ""}])
def test_a_row_with_a_wrong_value_is_refused_with_its_line(tmp_path: Path, change: dict[str, Any]) -> None:
    write_lines(tmp_path / "q.jsonl", [INTERNVL, INTERNVL | change])
    with pytest.raises(PipelineError, match=r"(?s)a question needs `question_id`, `question`, `image`.*q\.jsonl:2"):
        asked("ocrvqa", Files(tmp_path / "q.jsonl"), "internvl12")


def fetch_stand_in(benchmark: str, name: str, folder: Path) -> None:
    source = data_of(benchmark).datasets[name].smoke
    settings = digits_answers.Settings(**source)
    assert digits_answers.fetch(settings, 42, digits_answers.list_names(settings, 42), folder) == []


@pytest.mark.parametrize("benchmark", ["vqav2", "okvqa", "textvqa", "vizwiz", "gqa", "chartqa"])
def test_questions_about_digit_scenes_stand_in_for_a_benchmark(tmp_path: Path, benchmark: str) -> None:
    module = load("benchmarks", benchmark)
    data = data_of(benchmark)
    names = {data.dataset, data.gold} - {None}
    for name in names:
        fetch_stand_in(benchmark, name, tmp_path)
    paths = {key: tmp_path / name for key, name in data.files.items()}
    files = Files(paths["questions"], paths.get("gold"))
    for protocol in module.PROTOCOLS:
        questions = asked(benchmark, files, protocol)
        right = {name: golds_of(gold)[0] for name, gold in module.gold(files, questions, protocol).items()}
        answers = answer_with(tmp_path / "a.jsonl", [(question, right[question.id]) for question in questions])
        scored = score(benchmark, files, answers, protocol)
        assert (scored["metrics"]["accuracy"], scored["missing"]) == (1, 0)
        assert questions[0].images == ("test/00000.jpg",) and len(set(right.values())) > 4


def test_stand_ins_have_equal_bytes_for_an_equal_seed(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        fetch_stand_in("vqav2", "vqav2_answers", folder)
    (first, second) = (path.read_bytes() for path in sorted(tmp_path.rglob("*.json")))
    assert first == second
