"""ScienceQA by protocol: what each asks, and letters as the code of each reads them."""

from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.benchmarks import scienceqa
from pipeline_lib.core.errors import PipelineError
from tests.scored import of_texts, official_verdicts
from tests.unit.test_scienceqa import LETTER, TEXT, problem, row, write


def test_lmms_eval_asks_the_same_and_internvl_only_about_images_without_the_word_context(tmp_path: Path) -> None:
    files = write(tmp_path, [row("5", True), row("4", False)])
    prompts = [question.prompt for question in scienceqa.questions(files, "lmms_eval")]
    assert prompts == [question.prompt for question in scienceqa.questions(files, "llava15")]
    (only,) = scienceqa.questions(files, "internvl12")
    assert (only.id, only.prompt) == ("5", TEXT.removeprefix("Context: ") + LETTER)
    assert scienceqa.gold(files, [only], "internvl12") == {"5": "B"}


def test_vlmevalkit_separates_hint_question_and_options_and_asks_about_images_alone(tmp_path: Path) -> None:
    texts = {"5": TEXT, "6": "What is it?\nLook:\nA. cat\nB. dog\nC. bird"}
    rows = [row(name, True, text=text) for name, text in texts.items()] + [row("4", False)]
    known = problem() | {"question": "What is it?", "hint": "It barks."}
    files = write(tmp_path, rows, problems={"4": problem(), "5": known, "6": problem()})
    prompts = {question.id: question.prompt for question in scienceqa.questions(files, "vlmevalkit")}
    asked = "Options:\nA. cat\nB. dog\nC. bird\nPlease select the correct answer from the options above. \n"
    assert prompts == {
        "5": f"Hint: It barks.\nQuestion: What is it?\n{asked}",
        "6": f"Question: What is it?\nLook:\n{asked}",
    }
    assert scienceqa.gold(files, scienceqa.questions(files, "vlmevalkit"), "vlmevalkit") == {"5": "B", "6": "B"}


@pytest.mark.parametrize("gold", [{}, {"pid_splits": {"test": ["5"]}}, {"problems": {"6": problem()}}])
def test_vlmevalkit_refuses_a_hint_without_its_problem(tmp_path: Path, gold: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match=r"does not separate from the question(.|\n)*'5'"):
        scienceqa.questions(write(tmp_path, [row("5", True)], **gold), "vlmevalkit")


@pytest.mark.parametrize("protocol", of_texts(scienceqa.PROTOCOLS))
def test_letters_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    for golden in official_verdicts("scienceqa"):
        options = golden.get("options", {"A": "cat", "B": "dog", "C": "bird"})
        letter = scienceqa.SCORER.readers[protocol](golden["answer"], options)[0]
        assert (letter if letter in options else None) == golden[protocol], golden["answer"]
