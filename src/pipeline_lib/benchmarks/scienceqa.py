"""ScienceQA: multiple choice about school science, about half of the questions with an image.

Files of haotian-liu/LLaVA c121f04 (`llava_test_CQM-A.json`) and lupantech/ScienceQA 2cbf831 (`problems.json`,
`pid_splits.json`); scorer of LLaVA's `llava/eval/eval_science_qa.py`. docs/benchmarks.md compares the protocols.
"""

import json
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from string import ascii_uppercase
from typing import Any

from pipeline_lib.benchmarks.base import Files, Question, Verdict, by_image
from pipeline_lib.benchmarks.families.choice import LetterScorer
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import DIGIT_SCENES, LLAVA_EVAL, Archive, Drive, FileList, Sources
from pipeline_lib.benchmarks.families.letters import llava_sqa
from pipeline_lib.benchmarks.families.protocols import CHOICE_READERS, LETTER, SELECT, Wording
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, RECORDED, Published
from pipeline_lib.benchmarks.families.scienceqa_files import (
    PROBLEMS,
    SPLITS,
    QuestionRow,
    gold_file,
    problem_letter,
    problem_text,
    question_rows,
    smallest_split,
)
from pipeline_lib.conversations.row_keys import unread_media
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import IMAGE

PRIMARY = "accuracy/image"
SHOWN = ("accuracy/image", "accuracy")
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy/image", "test, questions with an image", (66.8, 71.6, 68.4, 71.2)),
    Published(
        INTERNVL_README,
        "internvl12",
        "accuracy/image",
        "test, questions with an image",
        (90.1, 83.3, 98.1),
        trained_on=("internvl11", "internvl12_plus"),
    ),
)
REPOSITORY = "https://raw.githubusercontent.com/lupantech/ScienceQA/main/data/scienceqa/"
LICENCE = "CC-BY-NC-SA-4.0"
IMAGES = "https://scienceqa.s3.us-west-1.amazonaws.com/images/test.zip"
DATA = Sources(
    questions=Drive(
        "scienceqa_questions",
        LLAVA_EVAL,
        below="scienceqa",
        file="llava_test_CQM-A.json",
        licence=LICENCE,
        smoke={"kind": "digits_scienceqa", "part": "test", "scenes": 20, "only": "llava_*"},
    ),
    gold=FileList(
        "scienceqa_problems",
        REPOSITORY,
        (PROBLEMS, SPLITS),
        folder="scienceqa",
        licence=LICENCE,
        smoke={"kind": "digits_scienceqa", "part": "test", "scenes": 20, "only": "scienceqa/*"},
    ),
    images=Archive("scienceqa_images", IMAGES, below="test", licence=LICENCE, smoke=DIGIT_SCENES),
)

CONTEXT = "Context: "  # before a hint in LLaVA's file


@dataclass(frozen=True)
class FileWording(Wording):
    """How a project asks the rows of LLaVA's file: all or only those with an image, and the start that it removes.

    The text is that of the file, or with `reworded` question, hint and options in a wording of its own. With
    `padded_first` it pads images before converting them to RGB. `quotes_image` puts the image token into the prompt
    that an answer's record quotes, as LLaVA does.
    """

    only_images: bool = False
    reworded: bool = False
    removed: str = ""
    padded_first: bool = False
    quotes_image: bool = True


PROTOCOLS = {
    "llava15": FileWording(1024, padded_first=True),
    "internvl12": FileWording(100, only_images=True, removed=CONTEXT, quotes_image=False),
    "lmms_eval": FileWording(16),
    "vlmevalkit": FileWording(
        2048,
        hint="Hint: {}",
        question="Question: {}",
        heading="Options:",
        request=SELECT,
        only_images=True,
        reworded=True,
        quotes_image=False,
    ),
    "first_token": FileWording(1),
}
SCORER = LetterScorer((Accuracy(by_part=True),), readers=CHOICE_READERS)
FAILED = "FAILED"  # what LLaVA's scorer writes for an answer without a letter, and for a missing one
SIDES = {"correct": True, "incorrect": False}
cluster = by_image


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file with the request for a letter, in the parts `image` and `text`.

    For `internvl12`, only those with an image, and hints lack "Context: ". For `vlmevalkit` also only these, in its
    words, which need problems.json where there is a hint.
    """
    wording = PROTOCOLS[protocol]
    asked = [_question(row, where, wording) for where, row in question_rows(files.questions)]
    chosen = [question for question in asked if question.images or not wording.only_images]
    return _reworded(chosen, files, wording) if wording.reworded else chosen


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return the letter of every question: that of problems.json if the gold folder has it, else the question file's.

    Both must agree on the letter and the number of choices. Includes the ids of the split that no question asks, except
    for a protocol that asks only about images: its questions are those of the question file.
    """
    rows = {row.id: (where, row) for where, row in question_rows(files.questions)}
    problems, splits = gold_file(files.gold, PROBLEMS), gold_file(files.gold, SPLITS)
    if files.gold is not None and problems is None and splits is None:
        raise PipelineError(
            "ScienceQA's gold is a folder with problems.json, pid_splits.json or both", value=str(files.gold)
        )
    letters = {question.id: _letter(question, *rows[question.id], problems, files) for question in questions}
    if PROTOCOLS[protocol].only_images or splits is None:
        return letters
    whole = smallest_split(splits, letters, files.gold)
    return {name: problem_letter(name, problems, files.gold) for name in whole} | letters


def score_files(verdicts: list[Verdict]) -> dict[str, bytes]:
    """Return the two files that LLaVA's scorer writes: every answer as it was read, and the letters' indices and texts.

    A missing answer is FAILED, and wrong as there.
    """
    rows = [_analysis(verdict) for verdict in verdicts]
    right = [verdict.grade.value == 1 for verdict in verdicts]
    detail = {
        "acc": sum(right) / len(right) * 100,
        "correct": sum(right),
        "count": len(right),
        "results": {verdict.question.id: _index(verdict) for verdict in verdicts},
        "outputs": {row["question_id"]: row["pred"] for row in rows},
    }
    parts = {name: [row for row, hit in zip(rows, right, strict=True) if hit == which] for name, which in SIDES.items()}
    return {
        "final_score.json": json.dumps(parts, indent=2).encode(),
        "final_score_detail.json": json.dumps(detail, indent=2).encode(),
    }


def _analysis(verdict: Verdict) -> dict[str, Any]:
    question, text = verdict.question, FAILED if verdict.answer is None else verdict.answer
    prompt = "Unknown" if verdict.answer is None else str(question.record.get("prompt", question.prompt))
    return {
        "question_id": question.id,
        "parsed_ans": verdict.grade.extracted or FAILED,
        "ground_truth": verdict.gold,
        "question": prompt,
        "pred": text,
        "is_multimodal": IMAGE in prompt,
    }


def _index(verdict: Verdict) -> int:
    """Return the index of the extracted letter, -1 for none and for one beyond the choices."""
    letters = list(verdict.question.options)
    return letters.index(verdict.grade.extracted) if verdict.grade.extracted in letters else -1


def _question(row: QuestionRow, where: str, wording: FileWording) -> Question:
    """Return a question; its `record` has LLaVA's keys: the id as text, and the prompt with the image token."""
    asked = row.conversations[0].value
    text = asked.replace(IMAGE, "").strip()
    options = options_of(text)
    if not options:
        raise PipelineError("no options (lines from `A. ` on) in this question", where=where, value=row.id)
    media = unread_media({**(row.model_extra or {}), "image": row.image})
    if media or (IMAGE in asked and row.image is None):
        value = f"{row.id}: {media or IMAGE}"
        cure = "name one image under `image`: nothing else is shown to a model"
        raise PipelineError("this question shows more than its `image`", where=where, value=value, cure=cure)
    prompt = f"{text.removeprefix(wording.removed)}\n{LETTER}"
    quoted = {"prompt": f"{IMAGE}\n{prompt}" if row.image else prompt} if wording.quotes_image else {}
    record = {"question_id": row.id, **quoted}
    images = (row.image,) if row.image else ()
    return Question(row.id, prompt, images, "image" if images else "text", options, record, wording.padded_first)


def _reworded(questions: list[Question], files: Files, wording: Wording) -> list[Question]:
    """Return the questions in the words of a project that separates hint, question and options."""
    problems = gold_file(files.gold, PROBLEMS)
    reworded: list[Question] = []
    for question in questions:
        text, hint = question.prompt[: _end_of_text(question.prompt)].removesuffix("\n"), ""
        if text.startswith(CONTEXT):
            problem = problem_text(question.id, problems, files.gold)
            text, hint = problem.question, problem.hint
        prompt = wording.prompt(text, question.options, hint)
        reworded.append(replace(question, prompt=prompt))
    return reworded


def options_of(text: str) -> dict[str, str]:
    """Return the options at the end of a question by letter: from the last line with `A. `, each next letter's line."""
    options: dict[str, str] = {}
    rest = text[_end_of_text(text) :]
    for letter, following in pairwise(ascii_uppercase):
        if not rest.startswith(f"{letter}. "):
            break
        options[letter], line, rest = rest[3:].partition(f"\n{following}. ")
        rest = line[1:] + rest
    return options


def _end_of_text(text: str) -> int:
    """Return where the options begin: at the last line with `A. `, at the end without one."""
    starts = [match.start() for match in re.finditer("^A\\. ", text, re.MULTILINE)]
    return starts[-1] if starts else len(text)


def _letter(question: Question, where: str, row: QuestionRow, problems: dict[str, Any] | None, files: Files) -> str:
    """Return a question's gold letter; one that is no option or differs between the files raises PipelineError."""
    answer = row.conversations[1].value if len(row.conversations) > 1 else None
    stated = None if answer is None else llava_sqa(answer, question.options)[0]
    letter = stated if problems is None else problem_letter(question.id, problems, files.gold)
    if letter is None or letter not in question.options or (answer is not None and stated not in question.options):
        value = f"{question.id!r}: {letter if answer is None else answer!r} of {', '.join(question.options)}"
        raise PipelineError("this question has no gold letter among its options", where=where, value=value)
    choices = len(question.options) if problems is None else len(problems[question.id]["choices"])
    if (stated or letter, choices) != (letter, len(question.options)):
        raise PipelineError(
            "problems.json and the question file do not agree on this question",
            where=where,
            value=f"{question.id}: {letter} of {choices} choices, and {stated} of {len(question.options)}",
            cure="use the problems.json that belongs to this question file",
        )
    return letter
