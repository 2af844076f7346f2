"""MMMU: letters and short answers by protocol, draws, files of several forms; and real answers with the official score."""

import ast
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline_lib.benchmarks import mmmu
from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.benchmarks.families.python_lists import texts_of
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, sample_of, write_json, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

LETTER = "Answer with the option's letter from the given choices directly."
WORD = "Answer the question using a single word or phrase."
CHOICE = {
    "id": "validation_Art_Theory_1",
    "question": "Which is it, <image 1> or <image 2>? ",
    "options": "['cat ', \"a dog's\", '<image 3>']",
    "answer": "B",
    "question_type": "multiple-choice",
}
OPEN = {
    "id": "validation_Math_15",
    "question": "How fast is it in <image 1>?",
    "options": "[]",
    "answer": "['24/7', '3.429']",
    "question_type": "open",
}
INTERNVL_UPLOADED = {  # answers to CHOICE, and what InternVL's own code writes of each into its result file
    "B. a dog's": "B",
    "it is a cat": "A",
    " I do not know.\n": "I do not know.",
    "(B)": "(B)",
    "b": "b",
    "7": "7",
}


def write(folder: Path, *rows: dict[str, Any]) -> Files:
    write_lines(folder / "q.jsonl", list(rows))
    return Files(folder / "q.jsonl")


@pytest.mark.parametrize("protocol", mmmu.PROTOCOLS)
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    rows = [row for row in official_verdicts("mmmu") if "options" in row]
    reader = mmmu.SCORER.readers[protocol]
    letters = [reader(row["answer"], row["options"])[0] for row in rows]
    within = [letter if letter in row["options"] else None for letter, row in zip(letters, rows, strict=True)]
    assert list(zip(within, rows, strict=True)) == [(row[protocol], row) for row in rows]


@pytest.mark.parametrize("protocol", mmmu.PROTOCOLS)
def test_short_answers_are_graded_as_the_official_code_grades_them(protocol: str) -> None:
    rows = [row for row in official_verdicts("mmmu") if "gold" in row]
    grades = [mmmu.SCORER.graders[protocol](row["answer"], row["gold"]).value for row in rows]
    assert list(zip(grades, rows, strict=True)) == [(row[protocol], row) for row in rows]


def test_every_protocol_asks_in_its_words(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, OPEN)
    prompts = {protocol: [each.prompt for each in asked("mmmu", files, protocol)] for protocol in mmmu.PROTOCOLS}
    choice, short = CHOICE["question"], OPEN["question"]
    assert prompts == {
        "official": [f"{choice}\n(A) cat \n(B) a dog's\n(C) <image 3>\n\n{LETTER}", f"{short}\n{WORD}"],
        "internvl12": [f"{choice.strip()}\nA. cat\nB. a dog's\nC. <image 3>\n{LETTER}", f"{short}\n{WORD}"],
        "lmms_eval": [f"{choice}\nA. cat \nB. a dog's\nC. <image 3>\n\n{LETTER}", f"{short}\n\n{WORD}"],
    }


def test_a_protocol_shows_the_first_image_or_all_that_are_named(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE)
    images = {protocol: asked("mmmu", files, protocol)[0].images for protocol in mmmu.PROTOCOLS}
    name = CHOICE["id"]
    assert images["official"] == images["internvl12"] == (f"{name}_1.png",)
    assert images["lmms_eval"] == (f"{name}_1.png", f"{name}_2.png", f"{name}_3.png")


def test_parquet_files_below_a_folder_and_json_lines_are_the_same_questions(tmp_path: Path) -> None:
    rows = [CHOICE, OPEN | {"image_1": {"bytes": b"PNG", "path": None}}]
    for row in rows:
        path = tmp_path / "validation" / mmmu.subject_of(row["id"]) / "validation-00000-of-00001.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist([row]), path)
    folder = Files(tmp_path / "validation")
    assert asked("mmmu", folder, "official") == asked("mmmu", write(tmp_path, CHOICE, OPEN), "official")
    (one,) = asked("mmmu", Files(path), "official")
    assert (one.id, one.part) == (OPEN["id"], "Science/Math")


def test_gold_is_a_letter_or_one_or_more_texts(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, OPEN)
    own = mmmu.gold(files, asked("mmmu", files, "official"), "official")
    assert own == {CHOICE["id"]: "B", OPEN["id"]: ["24/7", "3.429"]}
    kinds = {CHOICE["id"]: "multiple-choice", OPEN["id"]: "short-answer", "validation_Math_1": "multiple-choice"}
    gold = {name: {"question_type": kind, "ground_truth": own.get(name, "D")} for name, kind in kinds.items()}
    write_json(tmp_path / "gold.json", gold)
    with_file = Files(files.questions, tmp_path / "gold.json")
    assert mmmu.gold(with_file, asked("mmmu", files, "official"), "official") == own


def test_an_answer_without_a_letter_is_drawn_and_counted(tmp_path: Path) -> None:
    rows = [CHOICE | {"id": f"validation_Math_{number}"} for number in range(60)]
    files = write(tmp_path, *rows)
    answers = tmp_path / "a.jsonl"  # without prompts, which differ between the protocols
    write_lines(answers, [{"question_id": row["id"], "text": "?"} for row in rows])
    scores = [score("mmmu", files, answers, protocol) for protocol in ("official", "lmms_eval", "official")]
    assert scores[0] == scores[2] and all(each["unparsed"] == 60 for each in scores)
    assert 0.1 < scores[0]["metrics"]["accuracy"] < 0.6  # a third is right by chance
    assert score("mmmu", files, answers, "internvl12")["metrics"]["accuracy"] == 0


def test_the_draw_depends_only_on_the_question() -> None:
    options = {"A": "cat", "B": "dog"}
    grades = [
        mmmu.SCORER.grade(Question(name, "", (), "", options), "A", text, "official")
        for name in ("validation_Math_1", "validation_Math_2")
        for text in ("?", "", "none")
    ]
    assert len({grade.extracted for grade in grades[:3]}) == len({grade.extracted for grade in grades[3:]}) == 1
    assert {grade.rule for grade in grades} == {"random"}


def test_a_score_counts_the_drawn_letters_where_its_protocol_draws(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, OPEN, CHOICE | {"id": "validation_Art_2"})
    for protocol, texts, drawn in (("official", ["?", "3.4286", "(A)"], 1), ("lmms_eval", ["B", "?", "A"], 0)):
        answers = answer_with(tmp_path / "a.jsonl", list(zip(asked("mmmu", files, protocol), texts, strict=True)))
        scored = score("mmmu", files, answers, protocol)
        assert (scored["random"], scored["shares"]["random"]) == (drawn, pytest.approx(drawn / 3))
        named = ["--benchmark", "mmmu", "--protocol", protocol, "--questions", str(files.questions)]
        printed = CliRunner().invoke(app, ["score", str(answers), *named]).stdout
        assert f"unparsed {scored['unparsed']}, random {drawn}, empty 0" in printed
    internvl = answer_with(tmp_path / "a.jsonl", list(zip(asked("mmmu", files, "internvl12"), "??A", strict=True)))
    assert "random" not in score("mmmu", files, internvl, "internvl12")


def test_accuracies_are_of_all_of_domains_and_of_subjects(tmp_path: Path) -> None:
    files = write(tmp_path, CHOICE, OPEN, CHOICE | {"id": "validation_Art_2"})
    texts = ["B", "3.4286", "(A)"]
    pairs = list(zip(asked("mmmu", files, "official"), texts, strict=True))
    assert score("mmmu", files, answer_with(tmp_path / "a.jsonl", pairs), "official")["metrics"] == {
        "accuracy": pytest.approx(2 / 3),
        "accuracy/Art and Design": 0.5,
        "accuracy/Art and Design/Art": 0,
        "accuracy/Art and Design/Art_Theory": 1,
        "accuracy/Science": 1,
        "accuracy/Science/Math": 1,
    }


@given(st.lists(st.sampled_from(["B", "(A)", "", "24/7", "is 3.43", "C dog"]), min_size=4, max_size=4), st.randoms())
def test_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    others = (CHOICE | {"id": "validation_Art_2"}, OPEN | {"id": "validation_Music_3", "answer": "60"})
    pairs = list(zip(asked("mmmu", write(folder, CHOICE, OPEN, *others), "official"), texts, strict=True))
    files = Files(folder / "q.jsonl")
    metrics = score("mmmu", files, answer_with(folder / "a.jsonl", pairs), "official")["metrics"]
    order.shuffle(pairs)
    assert score("mmmu", files, answer_with(folder / "b.jsonl", pairs), "official")["metrics"] == metrics


@given(st.lists(st.text()))
def test_a_printed_list_is_read_as_python_reads_it(texts: list[str]) -> None:
    assert texts_of(repr(texts)) == texts == ast.literal_eval(repr(texts))


@pytest.mark.parametrize("listed", ["['$e\\\\_1$', 'a\\'b']", "[]", " [ 'a' ,\"b\", ] ", "['\\u00b0', 'x\\ty']"])
def test_escapes_in_a_printed_list_are_those_of_python(listed: str) -> None:
    assert texts_of(listed) == ast.literal_eval(listed.strip())


@pytest.mark.parametrize(
    "listed", ["", "a", "['a'", "['a' 'b']", "[1]", "['a', b]", "['a\\']", "('a',)", "['\\ud800']"]
)
def test_what_is_no_list_of_texts_is_none(listed: str) -> None:
    assert texts_of(listed) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Math_1"}, r"(?s)no question of MMMU.*q\.jsonl:1.*id"),
        ({"id": "validation_Maths_1"}, r"(?s)no such subject.*validation_Maths_1"),
        ({"options": "[1, 2]"}, r"(?s)not a list of texts.*q\.jsonl:1"),
        ({"options": "[]"}, r"(?s)needs options.*q\.jsonl:1"),
        ({"question_type": "essay"}, r"(?s)no question of MMMU.*question_type"),
        ({"answer": "?"}, r"(?s)none of the options.*validation_Art_Theory_1: '\?' of A, B, C.*submit"),
        ({"answer": ["B"]}, r"(?s)none of the options.*validation_Art_Theory_1: \['B'\] of A, B, C"),
        (OPEN | {"answer": " "}, r"(?s)an empty gold answer.*q\.jsonl:1.*validation_Math_15: ' '"),
        (OPEN | {"answer": "['3.4', '']"}, r"(?s)an empty gold answer.*validation_Math_15: \['3.4', ''\]"),
        (OPEN | {"answer": []}, r"(?s)an empty gold answer.*validation_Math_15: \[\]"),
    ],
)
def test_a_hostile_row_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    files = write(tmp_path, CHOICE | change)
    with pytest.raises(PipelineError, match=message):
        mmmu.gold(files, asked("mmmu", files, "official"), "official")


def test_a_row_twice_is_one_question_and_one_that_differs_is_refused(tmp_path: Path) -> None:
    assert len(asked("mmmu", write(tmp_path, CHOICE, CHOICE), "official")) == 1
    with pytest.raises(PipelineError, match=r"(?s)another question of the same id.*q\.jsonl:2"):
        asked("mmmu", write(tmp_path, CHOICE, CHOICE | {"answer": "A"}), "official")


def test_broken_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no Parquet file below"):
        asked("mmmu", Files(tmp_path), "official")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(PipelineError, match=r"(?s)not a complete Parquet file.*x\.parquet"):
        asked("mmmu", Files(tmp_path), "official")
    files = write(tmp_path, CHOICE)
    write_json(tmp_path / "gold.json", {CHOICE["id"]: {"question_type": "short-answer", "ground_truth": "B"}})
    with pytest.raises(PipelineError, match=r"(?s)in another form.*gold\.json, 'validation_Art_Theory_1'"):
        mmmu.gold(Files(files.questions, tmp_path / "gold.json"), asked("mmmu", files, "official"), "official")


def test_the_submission_has_a_letter_or_the_raw_short_answer_of_every_answered_question(tmp_path: Path) -> None:
    first, second = asked("mmmu", write(tmp_path, CHOICE, OPEN), "official")
    content = mmmu.submission(Files(tmp_path), [(first, "(B) a dog's"), (second, "3.4 m/s")], "official")
    assert json.loads(content) == {CHOICE["id"]: "B", OPEN["id"]: "3.4 m/s"}
    assert json.loads(mmmu.submission(Files(tmp_path), [(first, None)], "official")) == {}


def test_internvl_submits_an_answer_without_a_letter_as_it_is(tmp_path: Path) -> None:
    """`post_process` of OpenGVLab/InternVL 7725e00, `internvl_chat/eval/mmmu/evaluate_mmmu.py`, run on these answers."""
    first, second = asked("mmmu", write(tmp_path, CHOICE, OPEN), "internvl12")
    for answer, official in INTERNVL_UPLOADED.items():
        content = mmmu.submission(Files(tmp_path), [(first, answer), (second, " 3.4 m/s\n")], "internvl12")
        assert json.loads(content) == {CHOICE["id"]: official, OPEN["id"]: " 3.4 m/s\n"}


def test_recorded_predictions_of_llava_13b_get_the_official_accuracy(recorded: Recordings, tmp_path: Path) -> None:
    folder, official = recorded.folder / "mmmu", recorded.official("mmmu")
    gold = json.loads((folder / "answer_dict_val.json").read_text())
    options = {"multiple-choice": [f"option {letter}" for letter in "ABCDEFGHI"], "short-answer": []}
    rows = [
        {"id": name, "question": "?", "options": options[kind], "answer": "A", "question_type": kind}
        for name, kind in ((name, row["question_type"]) for name, row in gold.items())
    ]
    files = Files(write(tmp_path, *rows).questions, folder / "answer_dict_val.json")
    predictions = json.loads((folder / "llava1.5_13b_total_val_output.json").read_text())
    write_lines(tmp_path / "a.jsonl", [{"question_id": name, "text": text} for name, text in predictions.items()])
    scored = score("mmmu", files, tmp_path / "a.jsonl", "official")
    assert (scored["n"], scored["missing"], scored["unparsed"]) == (official["rows"], 0, 0)
    assert scored["metrics"]["accuracy"] == pytest.approx(official["correct"] / official["rows"])
    named = {name.split("/")[-1]: round(value, 3) for name, value in scored["metrics"].items()}
    printed = {name.removeprefix("Overall-"): value for name, value in official["printed"].items()}
    assert named == {"accuracy" if name == "Overall" else name: value for name, value in printed.items()}


def test_recorded_responses_are_read_as_mmmu_read_them() -> None:
    for row in sample_of("mmmu")["rows"]:
        options = dict(zip("ABCDEFGHI", row.get("options", []), strict=False))
        letter, rule = mmmu.SCORER.readers["official"](row["response"], options)
        if options:
            assert letter == row["prediction"] or (letter, rule, row["prediction"]) == (None, "none", "A"), row
        else:
            graded = [
                mmmu.SCORER.graders["official"](row[key], row["gold"]).value for key in ("response", "prediction")
            ]
            assert graded[0] == graded[1], row
