"""MathVista: queries, extraction by rules and by a judge; and Bard's recorded extractions with the official score."""

import json
from pathlib import Path
from time import process_time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline_lib.benchmarks import mathvista
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.benchmarks.families.mathvista_answers import (
    AnswerKind,
    extracted_by_rule,
    normalized,
    quickly_extracted,
)
from pipeline_lib.benchmarks.families.mathvista_matches import matched
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, write_json, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

EXAMPLES = "3e9cb232be22ebb53f446686e46f0e996d6dd562bc033f0973f31914c79f900b"  # of VLMEvalKit's prompt, as it sends it
META = {
    **{"split": "testmini", "language": "english", "source": "IQTest", "category": "general-vqa", "grade": "college"},
    **{"task": "math word problem", "context": "table", "skills": ["logical reasoning", "arithmetic reasoning"]},
}
SHARED = {"image": "images/1.jpg", "unit": None, "precision": None, "choices": None, "metadata": META}
INTEGER = {**SHARED, "pid": "1", "question": "How many?", "answer": "14", "question_type": "free_form"}
PROBLEMS: dict[str, dict[str, Any]] = {
    "1": {**INTEGER, "answer_type": "integer"},
    "2": {**INTEGER, "pid": "2", "answer_type": "float", "answer": "1.5", "precision": 1, "unit": "m"},
    "3": {
        **INTEGER,
        **{"pid": "3", "answer_type": "text", "question_type": "multi_choice", "answer": "six"},
        "choices": ["five", "six", "seven"],
    },
}


def write(folder: Path, problems: dict[str, dict[str, Any]] = PROBLEMS) -> Files:
    write_json(folder / "testmini.json", problems)
    return Files(folder / "testmini.json")


def test_bards_recorded_extractions_have_the_official_accuracy(recorded: Recordings) -> None:
    output = recorded.folder / "mathvista/bard_output.json"
    files = Files(recorded.folder / "mathvista/testmini.json")
    scored = score("mathvista", files, output, "official", replies=[output])
    assert scored["metrics"]["accuracy"] == pytest.approx(recorded.official("mathvista")["accuracy"], abs=1e-10)
    assert scored["judge"]["replies"] == scored["n"] and scored["judge"]["unjudged"] == {}


def test_bards_recorded_extractions_have_vlmevalkits_accuracy(recorded: Recordings) -> None:
    output = recorded.folder / "mathvista/bard_output.json"
    files = Files(recorded.folder / "mathvista/testmini.json")
    scored = score("mathvista", files, output, "vlmevalkit", replies=[output])
    assert scored["metrics"]["accuracy"] == pytest.approx(recorded.official("mathvista")["vlmevalkit"], abs=1e-10)


@pytest.mark.parametrize("recorded", ["whole"], indirect=True)
def test_every_group_has_the_published_accuracy(recorded: Recordings) -> None:
    folder = recorded.folder / "mathvista"
    output = folder / "bard_output.json"  # its own metadata: those of the newer testmini.json differ
    metrics = score("mathvista", Files(output), output, "official", replies=[output])["metrics"]
    published = json.loads((folder / "bard_scores.json").read_text())
    del published["average"]
    shown = {
        key: {group: f"{100 * metrics[f'accuracy/{key}/{group}']:.2f}" for group in groups}
        for key, groups in published.items()
    }
    assert shown == {
        key: {group: numbers["accuracy"] for group, numbers in groups.items()} for key, groups in published.items()
    }


@pytest.mark.parametrize("recorded", ["whole"], indirect=True)
def test_queries_are_built_as_the_official_code_builds_them(recorded: Recordings) -> None:
    output = json.loads((recorded.folder / "mathvista/bard_output.json").read_text())
    built = asked("mathvista", Files(recorded.folder / "mathvista/testmini.json"), "official")
    others = [each.id for each in built if each.prompt != output[each.id]["query"]]
    assert len(built) == 1000 and len(others) == 10  # their recorded queries have the choices in another order


VERDICTS = official_verdicts("mathvista")


@pytest.mark.parametrize(
    "row", [row for row in VERDICTS if "extracted" in row], ids=lambda row: f"{row['type']} {row['text'][:20]}"
)
def test_texts_are_extracted_and_normalized_as_in_the_official_code(row: dict[str, Any]) -> None:
    kind = AnswerKind(row["type"], tuple(row["choices"] or ()), row["precision"])
    rule, quick = extracted_by_rule(row["text"], kind), quickly_extracted(row["text"], kind)
    assert (rule and rule[0], quick and quick[0]) == (row["extracted"], row["quickly"])
    assert normalized(row["text"], kind) == row["prediction"]


@pytest.mark.parametrize("row", VERDICTS, ids=lambda row: f"{row['type']} {row['answer']} {row['text'][:20]}")
def test_texts_are_matched_as_in_vlmevalkits_code(row: dict[str, Any]) -> None:
    match = matched(row["text"], AnswerKind(row["type"], tuple(row["choices"] or ())), row["answer"])
    official = row["vlmevalkit"]
    assert match.right == official["right_as_reply"]
    assert (match.right if match.settled else None) == official["right"]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('The answer is "a". The answer is "b".', 'a". The answer is "b'),
        ('The answer is "a\nThe answer is "b".', "b"),
        ('The answer is "".', ""),
        ('The answer is ".', None),
    ],
)
def test_the_quoted_answer_is_the_longest_on_its_line(text: str, quoted: str | None) -> None:
    assert quickly_extracted(text, AnswerKind("text")) == (None if quoted is None else (quoted, "quick"))


def test_long_texts_take_no_time() -> None:
    start = process_time()
    kind = AnswerKind("text", tuple("x" * 80 + str(number) for number in range(5)))
    assert normalized("the answer " * 9000, kind) in kind.choices
    assert quickly_extracted('The answer is "' * 6600, kind) is None
    assert process_time() - start < 4


def test_a_query_of_the_file_is_taken_and_another_is_built(tmp_path: Path) -> None:
    files = write(tmp_path, {**PROBLEMS, "4": {**PROBLEMS["1"], "pid": "4", "query": "As it is."}})
    prompts = [each.prompt for each in asked("mathvista", files, "official")]
    assert prompts[1:] == [
        "Hint: Please answer the question requiring a floating-point number with one decimal place and provide the "
        "final value, e.g., 1.2, 1.3, 1.4, at the end.\nQuestion: How many? (Unit: m)",
        "Hint: Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.\n"
        "Question: How many?\nChoices:\n(A) five\n(B) six\n(C) seven",
        "As it is.",
    ]


def test_rules_grade_what_needs_no_judge_and_the_rest_waits_for_one(tmp_path: Path) -> None:
    files = write(tmp_path)
    texts = ["14", "It is 1.5 m.", "six"]
    pairs = list(zip(asked("mathvista", files, "official"), texts, strict=True))
    scored = score("mathvista", files, answer_with(tmp_path / "a.jsonl", pairs), "official")
    assert scored["metrics"]["accuracy"] == 1 and scored["coverage"] == pytest.approx(2 / 3)
    assert scored["judge"]["unjudged"] == {"no reply": 1}
    gold = mathvista.gold(files, [], "official")
    requests = [mathvista.request(each, gold[each.id], text, "official") for each, text in pairs]
    assert [request is None for request in requests] == [True, False, True]
    assert requests[1] is not None
    (attempt,) = requests[1].attempts
    content = attempt.messages[0].content
    assert content.startswith("Please read the following example. Then extract the answer from the model response")
    assert content.endswith("Question: How many? (Unit: m)\n\nIt is 1.5 m.\n\nExtracted answer: ")


def test_lmms_eval_puts_the_hint_behind_and_its_judge_reads_the_query_of_the_file(tmp_path: Path) -> None:
    files = write(tmp_path, {**PROBLEMS, "4": {**PROBLEMS["1"], "pid": "4", "query": "As it is."}})
    questions = asked("mathvista", files, "lmms_eval")
    hint = "Hint: Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, "
    assert questions[3].prompt == f"Question: How many?\n{hint}at the end."
    gold = mathvista.gold(files, questions, "lmms_eval")
    request = mathvista.request(questions[3], gold["4"], " It is 14. ", "lmms_eval")
    assert request is not None and (request.model, len(request.attempts)) == ("gpt-4o-2024-11-20", 5)
    assert request.attempts[0].messages[0].content.endswith("\n\nAs it is.\n\nIt is 14.\n\nExtracted answer: ")
    assert mathvista.request(questions[3], gold["4"], " 14\n", "lmms_eval") is None
    assert "query" not in mathvista.gold(files, questions, "official")["4"]  # type: ignore[operator]


def test_vlmevalkit_asks_another_judge_in_its_own_words_at_rising_temperatures(tmp_path: Path) -> None:
    files = write(tmp_path)
    questions = asked("mathvista", files, "vlmevalkit")
    assert questions == asked("mathvista", files, "official")
    request = mathvista.request(questions[0], mathvista.gold(files, [], "vlmevalkit")["1"], "13", "vlmevalkit")
    assert request is not None
    assert (request.model, request.max_tokens) == ("gpt-4o-mini-2024-07-18", 128)
    temperatures = [attempt.temperature for attempt in request.attempts]
    assert (sorted(set(temperatures)), len(temperatures)) == ([0, 0.5, 1, 1.5, 2], 30)
    assert temperatures == sorted(temperatures)
    (content,) = {message.content for attempt in request.attempts for message in attempt.messages}
    examples = content.removesuffix(f"{questions[0].prompt}\nModel respone: 13Extracted answer:")
    assert digest_text(examples) == EXAMPLES


def test_vlmevalkit_asks_about_every_number_that_is_not_the_right_one_and_about_zero(tmp_path: Path) -> None:
    problems = {
        name: {**PROBLEMS["1"], "pid": name, "answer": answer} for name, answer in {"1": "14", "0": "0"}.items()
    }
    files = write(tmp_path, {**problems, "3": PROBLEMS["3"]})
    gold = mathvista.gold(files, [], "vlmevalkit")
    questions = {each.id: each for each in asked("mathvista", files, "vlmevalkit")}

    def needs(name: str, text: str) -> bool:
        return mathvista.request(questions[name], gold[name], text, "vlmevalkit") is not None

    assert [needs("1", text) for text in ("14", "+14", "13", "14.0", "")] == [False, False, True, True, True]
    assert needs("0", "0")
    assert [needs("3", text) for text in ("seven", "C", "Z", "five or six")] == [False, False, False, True]


def test_by_vlmevalkit_one_of_two_equal_choices_is_right_and_a_list_never(tmp_path: Path) -> None:
    listed = {**PROBLEMS["1"], "pid": "2", "answer_type": "list", "answer": "[1, 2]"}
    files = write(tmp_path, {"2": listed, "3": {**PROBLEMS["3"], "choices": ["six", "six", "seven"]}})
    gold = mathvista.gold(files, [], "vlmevalkit")
    read = mathvista.SCORER.readers["vlmevalkit"]
    questions = {each.id: each for each in asked("mathvista", files, "vlmevalkit")}
    texts = {"A": "3", "B": "3", "[1, 2]": "2"}
    readings = {
        text: read(questions[name], gold[name], JudgeReply(name, 0, (text,), "")) for text, name in texts.items()
    }
    assert {text: reading and reading.value for text, reading in readings.items()} == {"A": 1, "B": 0, "[1, 2]": 0}
    pairs = [(questions["2"], "[1, 2]"), (questions["3"], "B")]
    scored = score("mathvista", files, answer_with(tmp_path / "a.jsonl", pairs), "vlmevalkit")
    assert scored["metrics"]["accuracy"] == 0 and scored["judge"]["unjudged"] == {"no reply": 1}


def test_an_unjudged_response_leaves_bounds(tmp_path: Path) -> None:
    files = write(tmp_path)
    pairs = list(zip(asked("mathvista", files, "official"), ["14", "It is 1.5 m.", "five"], strict=True))
    bounds = score("mathvista", files, answer_with(tmp_path / "a.jsonl", pairs), "official")["bounds"]
    assert bounds["accuracy"] == pytest.approx([1 / 3, 2 / 3])
    assert bounds["accuracy/question_type/multi_choice"] == [0, 0]


def test_only_official_reads_the_quoted_answer_without_a_judge(tmp_path: Path) -> None:
    files = write(tmp_path)
    gold = mathvista.gold(files, [], "official")
    for protocol, needs in (("official", False), ("internvl12", True)):
        question = asked("mathvista", files, protocol)[0]
        request = mathvista.request(question, gold["1"], 'The answer is "14".', protocol)
        assert (request is not None) == needs


def test_an_extraction_from_another_response_does_not_count(tmp_path: Path) -> None:
    files = write(tmp_path)
    output = {
        name: {**row, "response": f"It is {row['answer']}!", "extraction": row["answer"]}
        for name, row in PROBLEMS.items()
    }
    write_json(tmp_path / "output.json", output)
    texts = ["It is 14!", "It is 2.5!", "It is six!"]
    pairs = list(zip(asked("mathvista", files, "official"), texts, strict=True))
    answers = answer_with(tmp_path / "a.jsonl", pairs)
    scored = score("mathvista", files, answers, "official", replies=[tmp_path / "output.json"])
    assert scored["judge"]["unjudged"] == {"replies about another answer": 1}
    assert scored["metrics"]["accuracy"] == 1


def test_a_non_answer_is_still_some_choice_and_counted_as_unparsed(tmp_path: Path) -> None:
    files = write(tmp_path, {"3": PROBLEMS["3"]})
    scored = score(
        "mathvista",
        files,
        answer_with(tmp_path / "a.jsonl", [(asked("mathvista", files, "official")[0], "")]),
        "official",
    )
    assert (scored["unparsed"], scored["metrics"]["accuracy"]) == (1, 1)  # six: least edits from nothing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": ""}, r"(?s)without an answer.*not public"),
        ({"answer_type": "number"}, r"(?s)a problem of MathVista.*answer_type"),
        ({"metadata": None}, r"(?s)a problem of MathVista.*metadata"),
        ({"answer_type": "float", "precision": 3}, r"(?s)this many decimals"),
        ({"question_type": "multi_choice", "choices": ["1"]}, r"(?s)none of the choices.*14"),
    ],
)
def test_a_hostile_problem_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    files = write(tmp_path, {"1": {**PROBLEMS["1"], **change}})
    with pytest.raises(PipelineError, match=message):
        mathvista.gold(files, asked("mathvista", files, "official"), "official")


def test_lines_are_read_as_the_object_is(tmp_path: Path) -> None:
    files = write(tmp_path)
    write_lines(tmp_path / "testmini.jsonl", list(PROBLEMS.values()))
    assert asked("mathvista", Files(tmp_path / "testmini.jsonl"), "official") == asked("mathvista", files, "official")


def test_the_hubs_parquet_files_are_read_as_the_object_is(tmp_path: Path) -> None:
    files = write(tmp_path)
    rows = [
        {**row, "choices": row["choices"] or [], "query": None, "decoded_image": {"bytes": b"x"}}
        for row in PROBLEMS.values()
    ]
    rows[1]["precision"] = 1.0
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data/testmini-00000-of-00001.parquet")
    table = Files(tmp_path / "data")
    assert asked("mathvista", table, "official") == asked("mathvista", files, "official")
    assert mathvista.gold(table, [], "official") == mathvista.gold(files, [], "official")
