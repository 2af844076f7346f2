"""Answer files of other tools: which reader takes them, which question an answer gets, and what is refused.

The records have the keys that the code of each tool writes: lmms-eval v0.6 and v0.7, VLMEvalKit e8e78f0, InternVL
2410d1d.
"""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline_lib.answer_files.base import choose
from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import names
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.question_lookup import QuestionLookup
from tests.recordings import Recordings

SHORT = "\nAnswer the question using a single word or phrase."
STEMS = {"1": "Is there a dog?", "2": "Is there a cat?", "3": "Is there a dog?"}
QUESTIONS = [
    Question(name, stem + SHORT, (f"{name}.jpg",), "all", {"A": "yes", "B": name}, stem=stem)
    for name, stem in STEMS.items()
]
LOOKUP = QuestionLookup("pope", "llava15", Files(Path("questions.jsonl")), QUESTIONS)
TEXTS = {"1": "Yes", "2": "No", "3": "It is one."}


def read(path: Path, name: str | None = None) -> Joined:
    return choose(path, name)[1].join(path, LOOKUP)


def texts(joined: Joined) -> dict[str, str | None]:
    return {question.id: answer for question, answer in joined.pairs}


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def listed(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def sample(number: int, name: str, version: str, **keys: Any) -> dict[str, Any]:
    """Return a row of `--log_samples`; `doc_hash` is the same in every row."""
    reply: Any = TEXTS[name] if version == "0.7" else [TEXTS[name]]
    about = {"doc_id": number, "target": "yes", "filtered_resps": reply, "doc_hash": "4d2f"}
    return {**about, "input": STEMS[name] + SHORT, "exact_match": 1.0, **keys}


@pytest.mark.parametrize("version", ["0.6", "0.7"])
def test_samples_of_lmms_eval_are_joined_by_the_ids_in_their_metrics(tmp_path: Path, version: str) -> None:
    rows = [sample(0, name, version, pope_accuracy={"question_id": name, "score": 1.0}) for name in ("3", "1", "2")]
    path = lines(tmp_path / "samples_pope.jsonl", rows)
    assert choose(path)[0] == "lmms_eval"
    assert texts(read(path)) == TEXTS


@pytest.mark.parametrize("resps", [["Yes, it is."], [["Yes, it is."]], "Yes, it is."])
def test_the_reply_of_a_sample_counts_and_not_what_a_filter_made_of_it(tmp_path: Path, resps: Any) -> None:
    path = lines(tmp_path / "a.jsonl", [sample(0, "2", "0.7", resps=resps)])
    assert texts(read(path))["2"] == "Yes, it is."


def test_lmms_evals_text_for_a_failed_request_is_a_failed_answer(tmp_path: Path) -> None:
    text = "[LMMS_EVAL_REQUEST_FAILED after 2 retries] Error code: 400"
    joined = read(lines(tmp_path / "a.jsonl", [sample(0, "2", "0.7", resps=[text], filtered_resps=[text])]))
    assert (joined.failed, texts(joined)["2"]) == ({"2"}, None)


def test_a_metric_of_lmms_eval_may_be_nan_and_a_reply_not(tmp_path: Path) -> None:
    nan = float("nan")
    path = lines(tmp_path / "a.jsonl", [sample(0, "2", "0.7", bleu=nan, pope={"question_id": "2", "recall": nan})])
    assert texts(read(path))["2"] == "No"
    for keys in ({"resps": nan}, {"resps": [[nan]]}, {"filtered_resps": [nan]}):
        with pytest.raises(PipelineError, match=r"needs one reply(.|\n)*a\.jsonl:1"):
            read(lines(tmp_path / "a.jsonl", [sample(0, "2", "0.7", **keys)]))


@pytest.mark.parametrize("resps", [[["a"], ["b"]], ["a", "b"], [], None, 3, [[1]]])
def test_a_sample_of_several_replies_is_refused(tmp_path: Path, resps: Any) -> None:
    path = lines(tmp_path / "a.jsonl", [sample(0, "2", "0.6", resps=resps)])
    with pytest.raises(PipelineError, match=r"needs one reply(.|\n)*a\.jsonl:1"):
        read(path)


def test_a_sample_without_an_id_is_joined_by_its_question_and_never_by_its_position(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [sample(0, "2", "0.7")])
    assert texts(read(path)) == {"1": None, "2": "No", "3": None}
    path = lines(tmp_path / "b.jsonl", [sample(2, "2", "0.7"), sample(1, "1", "0.7"), sample(0, "3", "0.7")])
    with pytest.raises(PipelineError, match=r"2 answers may belong to any of 2 questions(.|\n)*holds only question"):
        read(path)


def test_where_all_questions_that_it_may_belong_to_have_one_answer_it_is_theirs(tmp_path: Path) -> None:
    rows = [sample(n, name, "0.7", filtered_resps="Yes") for n, name in enumerate(("1", "3"))]
    assert texts(read(lines(tmp_path / "a.jsonl", rows))) == {"1": "Yes", "2": None, "3": "Yes"}
    with pytest.raises(PipelineError, match="1 answers may belong to any of 2"):
        read(lines(tmp_path / "b.jsonl", rows[:1]))


def test_an_image_tells_questions_of_the_same_text_apart(tmp_path: Path) -> None:
    rows = [sample(0, name, "0.7", input_media=[f"val2014/{name}.jpg"]) for name in ("3", "2", "1")]
    assert texts(read(lines(tmp_path / "a.jsonl", rows))) == TEXTS


def table(**columns: Any) -> list[dict[str, Any]]:
    """Return rows of VLMEvalKit, whose index is none of the questions' ids."""
    rows = [{"index": 7 - n, "question": STEMS[name], "answer": "Yes"} for n, name in enumerate(TEXTS)]
    about = [{"image_path": f"images/{name}.jpg", "prediction": text, **columns} for name, text in TEXTS.items()]
    return [{**row, **more} for row, more in zip(rows, about, strict=True)]


def written(folder: Path, rows: list[dict[str, Any]], form: str) -> Path:
    path = folder / f"model_POPE.{form}"
    if form == "json":
        path.write_text(json.dumps(rows, indent=4))
    elif form == "tsv":
        pd.DataFrame(rows).to_csv(path, sep="\t", index=False, quoting=csv.QUOTE_ALL)
    else:
        pd.DataFrame(rows).to_excel(path, index=False)
    return path


@pytest.mark.parametrize("form", ["xlsx", "tsv", "json"])
def test_predictions_of_vlmevalkit_are_joined_by_question_and_image(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, table(), form)
    assert choose(path)[0] == "vlmevalkit"
    assert texts(read(path)) == TEXTS


@pytest.mark.parametrize("form", ["xlsx", "tsv", "json"])
def test_an_index_that_pandas_made_a_float_is_the_whole_number(tmp_path: Path, form: str) -> None:
    rows = [{"index": float(name), "question": STEMS[name], "prediction": text} for name, text in TEXTS.items()]
    assert texts(read(written(tmp_path, rows, form))) == TEXTS


def test_an_index_with_a_fraction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)a whole number or a text.*row 1.*1\.5"):
        read(listed(tmp_path / "a.json", [{"index": 1.5, "question": STEMS["1"], "prediction": "Yes"}]))


@pytest.mark.parametrize("content", ["", "\n \n", "[]", "{}"])
def test_a_file_without_answers_is_called_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(PipelineError, match=r"no answers in a known form(.|\n)*a\.jsonl(.|\n)*it is empty"):
        read(tmp_path / "a.jsonl")


@pytest.mark.parametrize("form", ["xlsx", "tsv", "json"])
@pytest.mark.parametrize("prediction", [float("nan"), None, "Failed to obtain answer via API.", "nan"])
def test_a_prediction_that_is_not_there_is_a_failed_answer(tmp_path: Path, form: str, prediction: Any) -> None:
    rows = table()
    rows[1]["prediction"] = prediction
    joined = read(written(tmp_path, rows, form))
    assert joined.failed == {"2"}
    assert texts(joined) == {**TEXTS, "2": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"columns": ["index", "prediction"], "data": [1]}', r"needs 2 cells(.|\n)*row 1"),
        ('{"columns": ["index", "prediction"], "data": ["1a"]}', r"needs 2 cells(.|\n)*row 1"),
        ('{"columns": ["index", "prediction"], "data": [[1, "a", "b"]]}', r"needs 2 cells(.|\n)*row 1"),
        ('{"columns": [["index"]], "data": [[1]]}', r"has `index`(.|\n)*row 1"),
        ('{"columns": ["index", "prediction", "prediction"], "data": [[1, "a", "b"]]}', "the same name"),
        ('{"1": "Yes", "1": "No"}', "stands twice"),
        ('[{"question_id": NaN, "answer": "Yes"}, {"answer": "a", "answer": "b"}]', r"stands twice(.|\n)*row 1"),
        ('[{"question_id": 1, "answer": "\\ud800"}]', "half of a surrogate pair"),
        ('[{"question_id": 1, "answer": Infinity}]', "not a finite number"),
    ],
)
def test_what_json_of_other_tools_would_lose_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(PipelineError, match=message):
        read(tmp_path / "a.json")


@pytest.mark.parametrize("cell", ["=1+1", "#N/A"])
def test_a_formula_or_an_error_of_a_sheet_is_no_prediction(tmp_path: Path, cell: str) -> None:
    rows = table()
    rows[1]["prediction"] = cell
    pd.DataFrame(rows).to_excel(tmp_path / "a.xlsx", index=False, engine="openpyxl")
    with pytest.raises(PipelineError, match=r"must be text, not a(.|\n)*row 3, column prediction"):
        read(tmp_path / "a.xlsx")


def test_thousands_of_equal_questions_and_long_texts_take_no_time(tmp_path: Path) -> None:
    questions = [Question(str(n), "Is it so?", (f"{n}.jpg",), "all") for n in range(20_000)]
    rows = [{"index": f"row {n}", "question": "Is it so?", "prediction": "Yes"} for n in range(20_000)]
    many = QuestionLookup("pope", "llava15", Files(Path("q")), questions)
    start = process_time()
    assert texts(choose(path := listed(tmp_path / "a.json", rows))[1].join(path, many)) == dict.fromkeys(
        (question.id for question in questions), "Yes"
    )
    with pytest.raises(PipelineError, match="not in the question file"):
        read(listed(tmp_path / "b.json", [{"index": 1, "question": "a " * 50_000, "prediction": "Yes"}]))
    assert process_time() - start < 5


@pytest.mark.parametrize("name", ["2", "9"])
def test_an_image_without_the_words_of_its_question_is_not_enough(tmp_path: Path, name: str) -> None:
    rows = table()
    rows[1] |= {"index": int(name), "question": "Where is the cat?"}
    with pytest.raises(PipelineError, match=r"not in the question file(.|\n)*Where is the cat"):
        read(listed(tmp_path / "a.json", rows))


def test_words_that_all_questions_share_are_no_reason_to_refuse_an_image(tmp_path: Path) -> None:
    captions = [replace(each, prompt="Describe it.", stem="") for each in QUESTIONS]
    lookup = QuestionLookup("pope", "llava15", Files(Path("q")), captions)
    path = listed(tmp_path / "a.json", [{**row, "question": "Write a caption."} for row in table()])
    assert texts(choose(path)[1].join(path, lookup)) == TEXTS


def test_a_further_answer_to_answered_questions_is_refused(tmp_path: Path) -> None:
    rows = [{"index": n + 7, "question": STEMS["1"], "prediction": "Yes"} for n in range(2)]
    images = [{"image_path": f"{name}.jpg"} for name in ("1", "3")]
    both = [{**row, **image} for row, image in zip(rows, images, strict=True)]
    with pytest.raises(PipelineError, match=r"a further answer to questions that all have one(.|\n)*row 3"):
        read(listed(tmp_path / "a.json", [*both, {**rows[0], "prediction": "No"}]))


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".txt", ""])
def test_the_content_of_a_file_and_not_its_name_decides(tmp_path: Path, suffix: str) -> None:
    for number, write in enumerate((lines, listed)):
        path = write(tmp_path / f"answers{number}{suffix}", INTERNVL["vqa"])
        assert (choose(path)[0], texts(read(path))) == ("internvl", TEXTS)
    path = written(tmp_path, table(), "json").rename(tmp_path / f"predictions{suffix}")
    assert (choose(path)[0], texts(read(path))) == ("vlmevalkit", TEXTS)


def test_a_compressed_file_is_refused_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    with pytest.raises(PipelineError, match=r"compressed by gzip(.|\n)*gunzip"):
        choose(tmp_path / "a.jsonl.gz")


def test_an_index_counts_as_an_id_where_all_are(tmp_path: Path) -> None:
    rows = [{"index": int(name), "prediction": text} for name, text in TEXTS.items()]
    assert texts(read(listed(tmp_path / "a.json", rows))) == TEXTS
    columns = {"index": [1, 2, 3], "prediction": [*TEXTS.values()]}
    assert texts(read(listed(tmp_path / "b.json", columns))) == TEXTS


def test_a_row_of_a_table_answers_all_questions_that_ask_the_same_about_its_image(tmp_path: Path) -> None:
    double = Question("4", QUESTIONS[0].prompt, ("1.jpg",), "random", stem=STEMS["1"])
    lookup = QuestionLookup("pope", "llava15", Files(Path("q")), [*QUESTIONS, double])
    path = written(tmp_path, table(), "json")
    assert texts(choose(path)[1].join(path, lookup)) == {**TEXTS, "4": "Yes"}


TWINS = [Question(f"{n}", "Which one?\nA. cat\nB. dog", (f"{n}.jpg",), "image", {"A": "cat"}) for n in range(4)]
GOLD = {"0": "A", "1": "B", "2": "B", "3": "A"}


def twins(answers: list[tuple[str, str]], questions: list[Question] = TWINS) -> Joined:
    """Return the questions of equal words joined with lmms-eval's samples of a gold answer and a reply."""
    lookup = QuestionLookup("scienceqa", "lmms_eval", Files(Path("q")), questions, GOLD)
    rows = [
        {"doc_id": n, "target": gold, "filtered_resps": text, "doc_hash": "x", "input": TWINS[0].prompt}
        for n, (gold, text) in enumerate(answers)
    ]
    with TemporaryDirectory() as folder:
        path = lines(Path(folder) / "a.jsonl", rows)
        return choose(path)[1].join(path, lookup)


@given(st.permutations([("A", "A"), ("A", "A"), ("B", "B"), ("B", "B")]))
def test_of_questions_with_the_same_words_the_gold_answer_decides(answers: list[tuple[str, str]]) -> None:
    assert texts(twins(answers)) == GOLD and twins(answers).notes == ()


@given(st.permutations([("A", "A"), ("A", "C"), ("B", "B"), ("B", "D")]))
def test_answers_that_may_change_places_are_noted_and_no_position_counts(answers: list[tuple[str, str]]) -> None:
    joined = twins(answers)
    assert texts(joined) == {"0": "A", "3": "C", "1": "B", "2": "D"}
    assert joined.notes == (
        "4 answers are to questions of equal words and gold answers: which is whose is open, and changes no metric",
    )


def test_answers_do_not_change_places_where_a_metric_counts_groups_or_one_is_lacking() -> None:
    pair = [replace(each, images=("0.jpg",)) for each in TWINS]  # one image, so one cluster
    answers = [("A", "A"), ("A", "C"), ("B", "B"), ("B", "D")]
    with pytest.raises(PipelineError, match="2 answers may belong to any of 2 questions"):
        twins(answers, pair)
    with pytest.raises(PipelineError, match="1 answers may belong to any of 2 questions"):
        twins(answers[:3])


def test_mmvps_samples_number_their_questions_from_0_on(tmp_path: Path) -> None:
    pairs = [replace(TWINS[0], id=str(number), images=(f"{number}.jpg",)) for number in (1, 2)]
    lookup = QuestionLookup("mmvp", "lmms_eval", Files(Path("q")), pairs, {"1": "A", "2": "B"})
    about = {"target": "-", "doc_hash": "4d2f", "input": pairs[0].prompt}
    rows = [
        {**about, "doc_id": n, "filtered_resps": text, "mmvp_accuracy": {"index": n, "pair_index": 0}}
        for n, text in enumerate("AB")
    ]
    path = lines(tmp_path / "a.jsonl", rows)
    assert texts(choose(path)[1].join(path, lookup)) == {"1": "A", "2": "B"}


INTERNVL: dict[str, list[dict[str, Any]]] = {
    "pope": [{"question_id": int(n), "text": "-", "text_orig": text, "metadata": {}} for n, text in TEXTS.items()],
    "seed": [
        {"question_id": n, "question": STEMS[n] + SHORT, "prediction": text, "answer": "A"} for n, text in TEXTS.items()
    ],
    "vqa": [{"question": STEMS[n] + " x", "question_id": int(n), "answer": text} for n, text in TEXTS.items()],
    "gqa": [{"question": STEMS[n], "questionId": n, "answer": text, "annotation": "yes"} for n, text in TEXTS.items()],
    "ai2d": [{"question": STEMS[n], "image": n, "answer": text, "annotation": "A"} for n, text in TEXTS.items()],
    "mmmu": [{"question": STEMS[n], "answer": text, "gt_answers": "A", "data_id": n} for n, text in TEXTS.items()],
    "scienceqa": [
        {"question": STEMS[n], "answer": text, "answer_orig": text, "gt_answers": "A", "image_path": f"a/{n}.jpg"}
        for n, text in TEXTS.items()
    ],
    "tiny_lvlm": [
        {"question": STEMS[n], "answer": text, "gt_answers": "A", "image_path": f"a/{n}.jpg", "task_type": "x"}
        for n, text in TEXTS.items()
    ],
    "caption": [{"image_id": int(n), "caption": text} for n, text in TEXTS.items()],
    "vizwiz_test": [{"image": f"{n}.jpg", "answer": text} for n, text in TEXTS.items()],
    "docvqa_test": [{"questionId": n, "answer": text} for n, text in TEXTS.items()],
}


@pytest.mark.parametrize("name", INTERNVL)
@pytest.mark.parametrize("write", [lines, listed])
def test_results_of_internvl_are_joined_by_what_each_form_holds(tmp_path: Path, name: str, write: Any) -> None:
    rows = [INTERNVL[name][number] for number in (1, 2, 0)]
    path = write(tmp_path / ("a.jsonl" if write is lines else "a.json"), rows)
    assert choose(path)[0] in ("internvl", "llava" if name == "pope" else "internvl")
    assert texts(read(path, "internvl")) == TEXTS


def test_a_reply_counts_but_a_final_answer_that_was_cut_out_of_it_before(tmp_path: Path) -> None:
    row = {"question": STEMS["2"], "gt_answers": "A", "image_path": "2.jpg"}
    for reply, text in {"B. cat": "B. cat", "As seen. Answer: B": "B"}.items():
        rows = [{**row, "answer": "B", "answer_orig": reply}]
        assert texts(read(lines(tmp_path / "a.jsonl", rows)))["2"] == text


def test_an_object_of_texts_is_read_by_its_keys(tmp_path: Path) -> None:
    path = listed(tmp_path / "a.json", TEXTS)
    assert (choose(path)[0], texts(read(path))) == ("internvl", TEXTS)


def test_boxes_of_internvl_belong_to_no_question(tmp_path: Path) -> None:
    path = listed(tmp_path / "a.json", [{"answer": "[1, 2, 3, 4]", "gt_bbox": [1, 2, 3, 4], "hw": [5, 5]}])
    with pytest.raises(PipelineError, match=r"neither the image nor the expression(.|\n)*row 1"):
        read(path)


def test_a_question_file_with_gold_answers_is_no_file_of_answers(tmp_path: Path) -> None:
    rows = [{"image": f"{n}.jpg", "question": STEMS[n], "question_id": int(n), "answer": "yes"} for n in TEXTS]
    with pytest.raises(PipelineError, match="questions with their gold answers"):
        read(lines(tmp_path / "a.jsonl", rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"index": 9, "prediction": "Yes"}], "not in the question file(.|\n)*'9'"),
        ([{"index": 1, "prediction": 3}], "a prediction is a text(.|\n)*row 1"),
        ([{"index": None, "prediction": "Yes"}], "has `index`(.|\n)*row 1"),
        ([{"index": 1, "prediction": "Yes"}, {"index": 1, "prediction": "No"}], "second answer(.|\n)*row 2"),
        ([{"index": 2, "question": STEMS["1"], "prediction": "Yes"}], "1 answers may belong"),
        ([{"index": 1, "question": "Where?", "prediction": "Yes"}], "not in the question file"),
    ],
)
def test_what_belongs_to_no_question_is_refused_with_its_row(tmp_path: Path, rows: Any, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        read(listed(tmp_path / "a.json", rows))


def test_the_same_row_twice_is_no_fault(tmp_path: Path) -> None:
    rows = [{"index": 1, "prediction": "Yes"}, {"index": 1, "prediction": "Yes"}]
    assert texts(read(listed(tmp_path / "a.json", rows)))["1"] == "Yes"


def test_a_torn_line_is_named(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [sample(0, name, "0.7") for name in TEXTS])
    path.write_text(path.read_text()[:-30])
    with pytest.raises(PipelineError, match=r"not valid JSON(.|\n)*a\.jsonl:3"):
        read(path)


@pytest.mark.parametrize(
    "content", ['{"a": 1}\n{"a": 2}\n', "a\tb\nc\td\n", '[{"a": 1}]', "[]", "{}", "", '{"a": [1], "b": 2}']
)
def test_an_unknown_form_is_refused_with_the_known_ones(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(PipelineError) as error:
        choose(path)
    assert all(f"{name}: " in str(error.value) for name in names("answer_files"))


def test_an_unknown_reader_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="did you mean 'lmms_eval'"):
        choose(tmp_path, "lmms_evil")


def test_recorded_answers_get_their_score_in_every_form(recorded: Recordings, tmp_path: Path) -> None:
    folder = recorded.folder / "mme"
    questions = [json.loads(line) for line in (folder / "llava_mme.jsonl").read_text().splitlines()]
    answers = [json.loads(line) for line in (folder / "llava-v1.5-13b.jsonl").read_text().splitlines()]
    said = {(row["question_id"], row["prompt"]): row["text"] for row in answers}
    (tmp_path / "lists").mkdir()
    samples = []
    for row in reversed(questions):
        text, image, plain = said[row["question_id"], row["text"]], row["image"], row["text"].removesuffix(SHORT)
        metric = {"mme_cognition_score": {"question_id": row["question_id"], "category": row["category"], "score": 1.0}}
        samples.append({"doc_id": 0, "doc_hash": "4d2f", "filtered_resps": text, "input": row["text"], **metric})
        with (tmp_path / f"lists/{row['category']}.txt").open("a") as file:
            print(Path(image).name, f"{plain} Please answer yes or no.", "Yes", text, sep="\t", file=file)
    options = ["--benchmark", "mme", "--questions", str(folder / "llava_mme.jsonl"), "--gold", str(folder / "gold")]
    files = {
        "llava": folder / "llava-v1.5-13b.jsonl",
        "lmms_eval": lines(tmp_path / "samples_mme.jsonl", samples),
        "mme_lists": tmp_path / "lists",
    }
    scores = {
        name: json.loads(CliRunner().invoke(app, ["score", str(path), *options, "--json"]).stdout)
        for name, path in files.items()
    }
    assert {name: score["answers_from"] for name, score in scores.items()} == {name: name for name in files}
    assert scores["lmms_eval"]["metrics"] == scores["llava"]["metrics"] == scores["mme_lists"]["metrics"]
