"""VQA accuracy: the forms of an answer, the ten gold answers, the files; and real answers with official numbers."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import okvqa, textvqa, vizwiz, vqav2
from pipeline_lib.benchmarks.base import FileNames, Files, Question
from pipeline_lib.benchmarks.families import vqa
from pipeline_lib.benchmarks.families.short_text import contractions, m4c_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.scoring.submit import SubmitSettings, make_submission
from tests.recordings import SHORT, Recordings, write_json, write_lines, write_textvqa_gold
from tests.scored import answer_with, asked, official_verdicts, score

ROWS = official_verdicts("vqa")
COMPARERS = ("m4c", "official_conditional", "official_converted", "qwen", "lmms_vqav2", "vlmevalkit")
UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."
QUESTION = "What is ON the sign?"


def ten(golds: dict[str, int]) -> list[str]:
    return [text for text, times in golds.items() for _ in range(times)]


@pytest.mark.parametrize("name", COMPARERS)
def test_answers_are_graded_as_the_official_code_grades_them(name: str) -> None:
    compare = getattr(vqa, name)
    grades = [compare(row["answer"], tuple(ten(row["golds"])))[0] for row in ROWS]
    assert grades == [pytest.approx(row["grades"][name], abs=1e-9) for row in ROWS]


@pytest.mark.parametrize(("times", "grade"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_three_of_any_nine_suffice(times: int, grade: float) -> None:
    golds = ["dog"] * times + ["cat"] * (10 - times)
    assert vqa.vqa_accuracy("dog", golds) == (pytest.approx(grade), "dog", f"{times} of 10")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Two dogs", "2 dogs"),
        ("a-b", "b"),
        ("left/right", "left right"),
        ("08/13/2011", "08 13 2011"),
        ("1,000", "1000"),
        ("none", "0"),
        ("dont", "don't"),
        ("Im", "im"),
        ("macy's", "macy 's"),
        ("5.", "5"),
        ("U.S.", "us"),
        ("3.5", "3.5"),
        ("The", ""),
    ],
)
def test_m4c_brings_answers_into_a_form(text: str, form: str) -> None:
    assert m4c_text(text) == form


def test_a_contraction_is_found_without_any_of_its_apostrophes() -> None:
    assert {contractions()[word] for word in ("couldnt've", "couldn'tve")} == {"couldn't've"}
    assert contractions()["somebody'd"] == "somebodyd" and len(contractions()) == 114


TEXTS = st.text(alphabet="aAbt 1,.'?/-\n", max_size=6) | st.sampled_from(["yes", "Two", "the cat", "dont", "none"])
TEN = st.lists(TEXTS, min_size=1, max_size=3).flatmap(
    lambda pool: st.lists(st.sampled_from(pool), min_size=10, max_size=10)
)


@pytest.mark.parametrize("name", COMPARERS)
@given(golds=TEN, answer=TEXTS, order=st.randoms())
def test_the_order_of_gold_answers_does_not_matter_and_no_answer_is_better_than_the_most_frequent_form(
    name: str, golds: list[str], answer: str, order: random.Random
) -> None:
    compare = getattr(vqa, name)
    grade = compare(answer, tuple(golds))[0]
    shuffled = list(golds)
    order.shuffle(shuffled)
    assert compare(answer, tuple(shuffled))[0] == grade
    best = max(compare(gold, tuple(golds))[0] for gold in golds)
    assert grade <= best or name in ("qwen", "official_converted")  # whose forms of gold and answer differ


@pytest.mark.parametrize("name", COMPARERS)
@given(golds=st.lists(st.sampled_from(["yes", "no", "2 dogs", "it's", "a b"]), min_size=10, max_size=10))
def test_an_empty_answer_never_helps(name: str, golds: list[str]) -> None:
    assert getattr(vqa, name)("", tuple(golds))[0] == 0


def annotations(golds: list[list[str]], kinds: list[str] | None = None) -> dict[str, Any]:
    """Return annotations in VQA's form for questions 1, 2, …"""
    rows = [
        {
            "question_id": number,
            "image_id": number,
            "answers": [{"answer": text, "answer_id": i} for i, text in enumerate(ten_)],
        }
        for number, ten_ in enumerate(golds, 1)
    ]
    for row, kind in zip(rows, kinds or [], strict=False):
        row |= {"answer_type": kind, "question_type": "what"}
    return {"info": {}, "license": {}, "data_type": "mscoco", "data_subtype": "val2014", "annotations": rows}


def write_vqa(folder: Path, golds: list[list[str]], kinds: list[str] | None = None) -> Files:
    """Write questions and annotations in VQA's form."""
    questions = [
        {"question_id": number, "image_id": number, "question": f"{QUESTION} {number}"}
        for number in range(1, len(golds) + 1)
    ]
    document = {"data_type": "mscoco", "data_subtype": "val2014", "questions": questions}
    write_json(folder / "q.json", document)
    write_json(folder / "gold.json", annotations(golds, kinds))
    return Files(folder / "q.json", folder / "gold.json")


def test_a_whole_score_of_vqav2_is_that_of_its_own_code(tmp_path: Path) -> None:
    """The expected numbers are the output of `VQAEval.evaluate` of GT-Vision-Lab/VQA a013f00 for these rows."""
    files = write_vqa(tmp_path, [ten(row["golds"]) for row in ROWS], [row["type"] for row in ROWS])
    pairs = list(zip(asked("vqav2", files, "official"), [row["answer"] for row in ROWS], strict=True))
    metrics = score("vqav2", files, answer_with(tmp_path / "a.jsonl", pairs), "official")["metrics"]
    assert {name: round(100 * value, 2) for name, value in metrics.items()} == {
        "accuracy": 72.79, "accuracy/yes/no": 32.22, "accuracy/number": 85.71, "accuracy/other": 82.55,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("benchmark", "protocol", "prompt"),
    [
        ("vqav2", "llava15", f"{QUESTION} 1\n{SHORT}"),
        ("vqav2", "internvl12", f"{QUESTION} 1 {SHORT}"),
        ("vqav2", "lmms_eval", f"{QUESTION} 1\n{SHORT}"),
        ("vqav2", "official", f"{QUESTION} 1\n{SHORT}"),
        ("okvqa", "internvl12", f"{QUESTION} 1 {SHORT}"),
        ("okvqa", "lmms_eval", f"{QUESTION} 1\n{UNANSWERABLE}\n{SHORT}"),
        ("textvqa", "lmms_eval", f"What is on the sign? 1\n{SHORT}"),
        ("textvqa", "vlmevalkit", f"{QUESTION} 1\n{SHORT}"),
    ],
)
def test_a_protocol_words_a_question_of_a_published_file(
    tmp_path: Path, benchmark: str, protocol: str, prompt: str
) -> None:
    question = asked(benchmark, write_vqa(tmp_path, [["yes"] * 10]), protocol)[0]
    image = "1.jpg" if benchmark == "textvqa" else "COCO_val2014_000000000001.jpg"
    assert (question.id, question.prompt, question.images) == ("1", prompt, (image,))


LLAVA_ROW = {"question_id": 7, "image": "a.jpg", "text": f"{QUESTION}\n{UNANSWERABLE}\n{SHORT}", "category": "default"}
INTERNVL_ROW = {"question_id": 7, "image": "data/vizwiz/val/a.jpg", "question": QUESTION, "answer": "stop"}
VIZWIZ_ROW = {"image": "a.jpg", "question": QUESTION, "answers": [], "answerable": 1}


@pytest.mark.parametrize(("row", "identifier"), [(LLAVA_ROW, "7"), (INTERNVL_ROW, "7"), (VIZWIZ_ROW, "a.jpg")])
def test_vizwiz_asks_the_same_from_every_form_of_file(tmp_path: Path, row: dict[str, Any], identifier: str) -> None:
    (tmp_path / "q").write_text(json.dumps([row] if row is VIZWIZ_ROW else row))
    prompts = {}
    for protocol in vizwiz.PROTOCOLS:
        (question,) = asked("vizwiz", Files(tmp_path / "q"), protocol)
        assert (question.id, question.images) == (identifier, ("a.jpg",))
        prompts[protocol] = question.prompt
    assert prompts == {
        "llava15": f"{QUESTION}\n{UNANSWERABLE}\n{SHORT}",
        "internvl12": f"{QUESTION} {UNANSWERABLE} {SHORT}",
        "lmms_eval": f"What is on the sign?\n{UNANSWERABLE}\n{SHORT}",
    }


@pytest.mark.parametrize("benchmark", ["vqav2", "okvqa", "textvqa", "vizwiz"])
def test_perfect_answers_have_an_accuracy_of_one_and_the_order_does_not_matter(tmp_path: Path, benchmark: str) -> None:
    files = write_vqa(tmp_path, [["stop"] * 10, ["stop"] * 4 + ["go"] * 6, ["red"] * 10], ["other"] * 3)
    if benchmark == "vizwiz":
        questions = [{"question_id": n, "image": f"{n}.jpg", "question": QUESTION} for n in (1, 2, 3)]
        write_lines(files.questions, questions)
    for protocol in load("benchmarks", benchmark).PROTOCOLS:
        pairs = list(zip(asked(benchmark, files, protocol), ["stop", "go", "red"], strict=True))
        scored = score(benchmark, files, answer_with(tmp_path / "a.jsonl", pairs), protocol)
        assert (scored["metrics"]["accuracy"], scored["primary"], scored["status"]) == (1, "accuracy", "complete")
        assert (
            score(benchmark, files, answer_with(tmp_path / "b.jsonl", pairs[::-1]), protocol)["metrics"]
            == scored["metrics"]
        )


def test_an_answer_of_which_nothing_is_left_is_unparsed_and_wrong(tmp_path: Path) -> None:
    files = write_vqa(tmp_path, [["stop"] * 10, ["stop"] * 10])
    scored = score(
        "textvqa", files, answer_with(tmp_path / "a.jsonl", [(q, "The...") for q in asked("textvqa", files)])
    )
    assert (scored["unparsed"], scored["metrics"]["accuracy"], scored["status"]) == (2, 0, "unparsed")


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([["yes"] * 9], r"(?s)no annotation: it has ten `answers`.*gold\.json, row 1.*answers"),
        ([[1] * 10], r"(?s)no annotation.*row 1"),
        ([], "questions without a gold answer"),
    ],
)
def test_annotations_that_do_not_fit_are_refused_with_their_row(tmp_path: Path, gold: Any, message: str) -> None:
    files = write_vqa(tmp_path, [["yes"] * 10])
    answers = answer_with(tmp_path / "a.jsonl", [(question, "yes") for question in asked("okvqa", files, "official")])
    write_json(tmp_path / "gold.json", annotations(gold))
    with pytest.raises(PipelineError, match=message):
        score("okvqa", files, answers, "official")


def test_an_identical_annotation_twice_is_no_fault_and_a_conflicting_one_is(tmp_path: Path) -> None:
    files = write_vqa(tmp_path, [["yes"] * 10])
    assert files.gold is not None
    document = json.loads(files.gold.read_text())
    (row,) = document["annotations"]
    questions = asked("okvqa", files, "official")
    write_json(files.gold, document | {"annotations": [row, row]})
    assert okvqa.gold(files, questions, "official") == {"1": ["yes"] * 10}
    other = row | {"answers": [{"answer": "no"}] * 10}
    write_json(files.gold, document | {"annotations": [row, other]})
    with pytest.raises(PipelineError, match=r"(?s)other gold answers.*gold\.json, row 2.*'?1'?"):
        okvqa.gold(files, questions, "official")


def test_vqav2_refuses_a_type_that_it_does_not_have(tmp_path: Path) -> None:
    files = write_vqa(tmp_path, [["yes"] * 10], ["colour"])
    with pytest.raises(PipelineError, match=r"(?s)no such `answer_type`.*row 1.*'colour' of yes/no, number, other"):
        vqav2.gold(files, asked("vqav2", files), "llava15")


def test_a_split_without_annotations_is_not_scored(tmp_path: Path) -> None:
    files = write_vqa(tmp_path, [["yes"] * 10])
    with pytest.raises(PipelineError, match=r"(?s)scored against annotations.*scored: false"):
        vqav2.gold(Files(files.questions), asked("vqav2", files), "llava15")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"question_id": 1, "image": "a.jpg"},
            r"(?s)a question needs `question_id`, `text`, `image`.*q\.jsonl:1.*question is missing",
        ),
        (LLAVA_ROW | {"image": None}, r"(?s)a question needs.*image"),
        (LLAVA_ROW | {"question_id": 1.5}, r"(?s)a question needs.*id"),
    ],
)
def test_a_row_that_is_no_question_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    write_lines(tmp_path / "q.jsonl", [row, row])
    with pytest.raises(PipelineError, match=message):
        asked("vizwiz", Files(tmp_path / "q.jsonl"))


def test_a_file_of_vqa_that_does_not_name_its_images_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "q.json", {"questions": [{"question_id": 1, "image_id": 1, "question": "What?"}]})
    with pytest.raises(PipelineError, match=r"(?s)does not say its `data_subtype`.*q\.json, row 1"):
        asked("vqav2", Files(tmp_path / "q.json"))


def test_an_identical_question_twice_is_no_fault_and_a_conflicting_one_is(tmp_path: Path) -> None:
    files = Files(tmp_path / "q.jsonl", tmp_path / "gold.json")
    write_json(tmp_path / "gold.json", annotations([["stop"] * 10]))
    write_lines(files.questions, [LLAVA_ROW | {"question_id": 1}] * 2)
    question: Question = asked("vizwiz", files)[0]
    answers = answer_with(tmp_path / "a.jsonl", [(question, "stop")])
    assert score("vizwiz", files, answers)["metrics"]["accuracy"] == 1
    write_lines(files.questions, [LLAVA_ROW | {"question_id": 1}, LLAVA_ROW | {"question_id": 1, "image": "b.jpg"}])
    with pytest.raises(PipelineError, match="the question file repeats an id"):
        score("vizwiz", files, answers)


def test_recorded_answers_to_textvqa_score_as_by_llavas_code(recorded: Recordings, tmp_path: Path) -> None:
    folder, official = recorded.folder / "textvqa", recorded.official("textvqa")
    questions, answers = folder / "llava_textvqa_val_v051_ocr.jsonl", folder / "answers-llava-v1.5-13b.jsonl"
    write_textvqa_gold(tmp_path / "gold.json", questions, answers)
    scored = score("textvqa", Files(questions, tmp_path / "gold.json"), answers)
    assert scored["metrics"]["accuracy"] == pytest.approx(official["accuracy"], abs=1e-10)
    assert (scored["n"], scored["missing"]) == (official["rows"], 0)


def test_questions_of_textvqa_share_the_id_of_their_image(recorded: Recordings) -> None:
    path = recorded.folder / "textvqa/llava_textvqa_val_v051_ocr.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    questions = textvqa.questions(Files(path), "llava15")
    assert [(q.prompt, q.images, q.record["question_id"]) for q in questions] == [
        (row["text"], (row["image"],), row["question_id"]) for row in rows
    ]
    assert len({question.id for question in questions}) == len(rows) > len({row["question_id"] for row in rows})
    asked_short = textvqa.questions(Files(path), "internvl12")
    assert [q.prompt for q in asked_short] == [f"{row['text'].splitlines()[0]} {SHORT}" for row in rows]


def submit(benchmark: str, questions: Path, answers: Path, protocol: str = "llava15") -> Any:
    settings = SubmitSettings(benchmark=benchmark, protocol=protocol, files=FileNames(questions="q"))
    return json.loads(make_submission(answers, Files(questions), settings)[0].content)


def test_the_upload_of_vizwiz_is_that_of_llava(tmp_path: Path) -> None:
    """48 of the 8,000 rows of LLaVA-1.5-13B; all 8,000 give the bytes of the file that LLaVA uploaded."""
    rows = official_verdicts("vizwiz_upload")
    text = "{question}\n" + f"{UNANSWERABLE}\n{SHORT}"
    questions = [{"question_id": row["question_id"], "image": row["image"], "text": text.format(**row)} for row in rows]
    write_lines(tmp_path / "q.jsonl", questions)
    write_lines(tmp_path / "a.jsonl", [{"question_id": row["question_id"], "text": row["answer"]} for row in rows])
    uploaded = [{"image": row["image"], "answer": row["uploaded"]} for row in rows]
    assert submit("vizwiz", tmp_path / "q.jsonl", tmp_path / "a.jsonl") == uploaded
    raw = [{"image": row["image"], "answer": row["answer"]} for row in rows]
    assert submit("vizwiz", tmp_path / "q.jsonl", tmp_path / "a.jsonl", "internvl12") == raw


def test_the_upload_of_gqa_is_what_llava_converts_for_gqas_evaluation(tmp_path: Path) -> None:
    """Keys and texts by LLaVA c121f04 `scripts/convert_gqa_for_eval.py`; GQA's `eval.py` needs every id, as text."""
    write_lines(tmp_path / "q.jsonl", [LLAVA_ROW | {"question_id": f"20{number}"} for number in (3, 1, 2)])
    write_lines(
        tmp_path / "a.jsonl", [{"question_id": "201", "text": "A Dog.."}, {"question_id": "203", "text": "Yes"}]
    )
    assert submit("gqa", tmp_path / "q.jsonl", tmp_path / "a.jsonl") == [
        {"questionId": "203", "prediction": "yes"},
        {"questionId": "201", "prediction": "a dog"},
        {"questionId": "202", "prediction": ""},
    ]
    assert submit("gqa", tmp_path / "q.jsonl", tmp_path / "a.jsonl", "official")[1]["prediction"] == "A Dog.."


def test_the_upload_of_vqav2_has_every_question_and_an_empty_answer_where_none_is(tmp_path: Path) -> None:
    write_lines(tmp_path / "q.jsonl", [LLAVA_ROW | {"question_id": number} for number in (3, 1, 2)])
    write_lines(tmp_path / "a.jsonl", [{"question_id": 1, "text": "The Two Dogs."}, {"question_id": 3, "text": "Yes"}])
    assert submit("vqav2", tmp_path / "q.jsonl", tmp_path / "a.jsonl") == [
        {"question_id": 3, "answer": "yes"}, {"question_id": 1, "answer": "2 dogs"}, {"question_id": 2, "answer": ""},
    ]  # fmt: skip
    assert submit("vqav2", tmp_path / "q.jsonl", tmp_path / "a.jsonl", "official")[1]["answer"] == "The Two Dogs."
