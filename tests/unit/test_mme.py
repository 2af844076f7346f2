"""MME: the words, the pairs, the sums; and real answers with the official score."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks import mme
from pipeline_lib.benchmarks.base import Files
from pipeline_lib.core.errors import PipelineError
from tests.recordings import Recordings, write_lines
from tests.scored import answer_with, asked, official_verdicts, score

CATEGORIES = (*mme.PERCEPTION, *mme.COGNITION)


@pytest.mark.parametrize("protocol", mme.PROTOCOLS)
def test_words_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    rows = official_verdicts("mme")
    words = {row["answer"]: mme.SCORER.readers[protocol](row["answer"])[0] for row in rows}
    assert words == {row["answer"]: row[protocol] for row in rows}


def write(folder: Path, categories: tuple[str, ...] = CATEGORIES, images: int = 2) -> Files:
    """Write a question file and lists with two questions about every image, of which the first is right."""
    (folder / "gold").mkdir(parents=True)
    questions = []
    for category in categories:
        lines = []
        for number in range(images):
            for word, truth in (("dog", "Yes"), ("cat", "No")):
                text = f"Is there a {word} in image {number}?"
                lines.append(f"{number}.jpg\t{text} {mme.YES_OR_NO}\t{truth}\n")
                name = f"{category}/images/{number}.jpg"
                questions.append(
                    {"question_id": name, "image": name, "text": f"{text}\n{mme.SHORT}", "category": category}
                )
        (folder / "gold" / f"{category}.txt").write_text("".join(lines))
    write_lines(folder / "q.jsonl", questions)
    return Files(folder / "q.jsonl", folder / "gold")


def test_every_protocol_asks_in_its_words(tmp_path: Path) -> None:
    files = write(tmp_path)
    prompts = {protocol: asked("mme", files, protocol)[0].prompt for protocol in mme.PROTOCOLS}
    question = "Is there a dog in image 0?"
    assert prompts == {
        "llava15": f"{question}\nAnswer the question using a single word or phrase.",
        "internvl12": f"{question} Please answer yes or no. Answer the question using a single word or phrase.",
        "lmms_eval": f"{question}\nAnswer the question using a single word or phrase.",
        "vlmevalkit": f"{question} Please answer yes or no.",
    }


def test_perfect_answers_have_the_highest_sums(tmp_path: Path) -> None:
    files = write(tmp_path)
    gold = mme.gold(files, asked("mme", files), "llava15")
    answers = answer_with(tmp_path / "a.jsonl", [(each, gold[each.id]) for each in asked("mme", files)])
    scored = score("mme", files, answers)
    assert (scored["metrics"]["perception"], scored["metrics"]["cognition"]) == (2000, 800)
    assert (scored["primary"], scored["status"]) == ("perception", "complete")


def test_one_right_answer_of_a_pair_is_half_an_accuracy_and_no_pair(tmp_path: Path) -> None:
    files = write(tmp_path)
    metrics = score("mme", files, answer_with(tmp_path / "a.jsonl", [(q, "Yes") for q in asked("mme", files)]))[
        "metrics"
    ]
    assert (metrics["accuracy/OCR"], metrics["accuracy_plus/OCR"], metrics["score/OCR"]) == (0.5, 0, 50)
    assert (metrics["accuracy"], metrics["accuracy_plus"], metrics["perception"]) == (0.5, 0, 500)


def test_a_sum_is_absent_where_a_category_is_not_asked(tmp_path: Path) -> None:
    files = write(tmp_path, mme.COGNITION)
    scored = score("mme", files, answer_with(tmp_path / "a.jsonl", [(q, "Yes") for q in asked("mme", files)]))
    assert "perception" not in scored["metrics"] and scored["metrics"]["cognition"] == 200
    assert scored["primary"] is None


def test_a_pair_with_one_answer_does_not_count(tmp_path: Path) -> None:
    files = write(tmp_path)
    _, *others = asked("mme", files)
    texts = [(q, "No" if q.id.startswith("existence/images/0") else "Yes" if "dog" in q.stem else "No") for q in others]
    scored = score("mme", files, answer_with(tmp_path / "a.jsonl", texts))
    assert (scored["missing"], scored["status"], scored["metrics"]["accuracy_plus/existence"]) == (1, "partial", 1)
    wrong = [(q, "Yes" if q.id.startswith("existence/images/0") else text) for q, text in texts]
    metrics = score("mme", files, answer_with(tmp_path / "a.jsonl", wrong))["metrics"]
    assert (metrics["accuracy/existence"], metrics["accuracy_plus/existence"]) == (pytest.approx(2 / 3), 1)


@given(st.lists(st.sampled_from(["Yes", "No", "no idea", "", "?"]), min_size=28, max_size=28), st.randoms())
def test_order_does_not_matter_and_an_empty_answer_never_helps(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    files = write(folder, images=1)
    pairs = list(zip(asked("mme", files), texts, strict=True))
    scored = score("mme", files, answer_with(folder / "a.jsonl", pairs))
    order.shuffle(pairs)
    assert score("mme", files, answer_with(folder / "b.jsonl", pairs))["metrics"] == scored["metrics"]
    emptied = [(question, "" if number == 0 else text) for number, (question, text) in enumerate(pairs)]
    metrics = score("mme", files, answer_with(folder / "c.jsonl", emptied))["metrics"]
    assert all(metrics[name] <= value for name, value in scored["metrics"].items())


def test_the_prompt_of_any_protocol_decides_which_question_of_an_image_is_answered(tmp_path: Path) -> None:
    files = write(tmp_path)
    scores = [
        score("mme", files, answer_with(tmp_path / "a.jsonl", [(q, "No") for q in asked("mme", files, protocol)]))
        for protocol in mme.PROTOCOLS
    ]
    assert all(each["metrics"] == scores[0]["metrics"] for each in scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "Is there a cow?"}, r"(?s)2 questions have the id.*is that of 0.*a\.jsonl:1"),
        ({"prompt": ""}, r"(?s)2 questions have the id.*answers with a `prompt`"),
        ({"question_id": "existence/9.jpg"}, "not in the question file"),
        ({}, r"(?s)a second answer.*a\.jsonl:2"),
    ],
)
def test_an_answer_that_belongs_to_no_question_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    files = write(tmp_path)
    first = asked("mme", files)[0]
    row = {**first.record, "prompt": first.prompt, "text": "No"}
    write_lines(tmp_path / "a.jsonl", [row | change, row])
    with pytest.raises(PipelineError, match=message):
        score("mme", files, tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.jpg\tIs there?\n", r"(?s)between tabs.*OCR\.txt:5"),
        ("0.jpg\tIs there?\tmaybe\n", r"(?s)between tabs.*OCR\.txt:5.*maybe"),
        ("0.jpg\tIs there a dog in image 0? Please answer yes or no.\tNo\n", r"(?s)which differs.*OCR\.txt:5"),
    ],
)
def test_a_wrong_line_of_a_list_is_refused(tmp_path: Path, line: str, message: str) -> None:
    files = write(tmp_path)
    with (tmp_path / "gold/OCR.txt").open("a") as file:
        file.write(line)
    with pytest.raises(PipelineError, match=message):
        mme.gold(files, asked("mme", files), "llava15")


def test_an_identical_line_twice_is_no_fault_and_one_more_is_missing(tmp_path: Path) -> None:
    files = write(tmp_path)
    gold = mme.gold(files, asked("mme", files), "llava15")
    path = tmp_path / "gold/OCR.txt"
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\tYes, it is.\r\n")
    assert mme.gold(files, asked("mme", files), "llava15") == gold
    path.write_text(path.read_text() + "9.jpg\tIs it?\tYes\n")
    assert mme.gold(files, asked("mme", files), "llava15") == {**gold, "OCR/9.jpg Is it?": "yes"}


def test_questions_without_a_list_or_a_partner_are_refused(tmp_path: Path) -> None:
    files = write(tmp_path)
    with pytest.raises(PipelineError, match=r"is a folder with CATEGORY\.txt"):
        mme.gold(Files(files.questions), asked("mme", files), "llava15")
    (tmp_path / "gold/OCR.txt").unlink()
    with pytest.raises(PipelineError, match=r"(?s)file not found.*OCR\.txt"):
        mme.gold(files, asked("mme", files), "llava15")
    lines = files.questions.read_text().splitlines(keepends=True)
    files.questions.write_text("".join(lines[1:]))
    with pytest.raises(PipelineError, match=r"(?s)two questions about every image.*existence/images/0\.jpg \(1\)"):
        asked("mme", files)
    files.questions.write_text("".join([*lines, lines[0]]))
    assert len(asked("mme", files)) == len(lines)


@pytest.mark.parametrize("protocol", mme.PROTOCOLS)
def test_recorded_answers_of_llava_13b_get_the_official_sums(recorded: Recordings, protocol: str) -> None:
    folder, official = recorded.folder / "mme", dict(recorded.official("mme"))
    files = Files(folder / "llava_mme.jsonl", folder / "gold")
    scored = score("mme", files, folder / "llava-v1.5-13b.jsonl", protocol)
    assert (scored["n"], scored["missing"]) == (official.pop("rows"), 0)
    assert {name: scored["metrics"][name] for name in official} == pytest.approx(official, rel=1e-12)
