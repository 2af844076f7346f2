"""MMMU: multiple choice and short answers about images from college exams, in thirty subjects of six domains.

Rows of the hub's MMMU/MMMU; gold and scorer of MMMU-Benchmark/MMMU bb0b95a (`mmmu/answer_dict_val.json`,
`mmmu/utils/eval_utils.py`). docs/benchmarks.md compares the protocols.
"""

import json
import re
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Annotated, Any, Iterator, Literal

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Question, by_image
from pipeline_lib.benchmarks.families.choice import lettered
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import File, Manual, Sources, StandIn
from pipeline_lib.benchmarks.families.letter_or_text import LetterOrTextScorer
from pipeline_lib.benchmarks.families.letters import internvl_short
from pipeline_lib.benchmarks.families.mmmu_answers import lmms_eval_mmmu, lmms_eval_open, mmmu, mmmu_open
from pipeline_lib.benchmarks.families.protocols import LETTER, SHORT
from pipeline_lib.benchmarks.families.published import INTERNVL_README, RECORDED, Published
from pipeline_lib.benchmarks.families.python_lists import texts_of
from pipeline_lib.benchmarks.families.table_rows import is_repeated, read_table
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, FreeText, Text, parse_row
from pipeline_lib.core.text import read_object

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(INTERNVL_README, "internvl12", "accuracy", "validation", (39.1, 51.6, 50.3)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test", (35.3, 46.2, 45.6), server=True),
)
SUBMISSION = "json"

COLUMNS = ("id", "question", "options", "answer", "question_type")
CHOICE = "multiple-choice"
IMAGE = re.compile(r"<image (\d)>")
DOMAINS = {
    "Art and Design": ("Art", "Art_Theory", "Design", "Music"),
    "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
    "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
    "Health and Medicine": (
        *("Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine"),
        *("Pharmacy", "Public_Health"),
    ),
    "Humanities and Social Science": ("History", "Literature", "Sociology", "Psychology"),
    "Tech and Engineering": (
        *("Agriculture", "Architecture_and_Engineering", "Computer_Science", "Electronics"),
        *("Energy_and_Power", "Materials", "Mechanical_Engineering"),
    ),
}

PAGE = "https://huggingface.co/datasets/MMMU/MMMU/"
ANSWERS = "https://raw.githubusercontent.com/MMMU-Benchmark/MMMU/bb0b95a945998d91dfef37e969e07d49d1139438/mmmu/"
DATA = Sources(
    questions=Manual("mmmu_questions", PAGE, "mmmu", expect=30, file="validation", smoke=StandIn("validation/*")),
    gold=File(
        "mmmu_answers",
        ANSWERS + "answer_dict_val.json",
        sha256="76080f5597b8f4d29abba8551489c4b82e4a285b9d62b946fd67a1952e95502c",
        licence="Apache-2.0",
        smoke=StandIn("*.json"),
    ),
    images=Manual("mmmu_images", PAGE, "mmmu_images", expect=900, smoke=StandIn("*.png")),
)


@dataclass(frozen=True)
class ExamWording(Asking):
    """How a project asks: the form of an option, empty lines before the two requests, and which images it shows.

    With `strips`, white space around the question and its options is removed.
    """

    option: str = "{}. {}"
    gap_before_letter: bool = True
    gap_before_word: bool = False
    strips: bool = False
    all_images: bool = False

    def prompt(self, question: str, options: dict[str, str]) -> str:
        """Return the prompt of a question with its options, or with the request for a short answer."""
        listed = [self.option.format(letter, text) for letter, text in options.items()]
        gap = self.gap_before_letter if options else self.gap_before_word
        question = question.strip() if self.strips else question
        return "\n".join([question, *listed, *([""] if gap else []), LETTER if options else SHORT])

    def images(self, name: str, text: str) -> tuple[str, ...]:
        """Return the images of a question: those that its text and options name, or only the first."""
        numbers = sorted(set(IMAGE.findall(text))) if self.all_images else ["1"]
        return tuple(f"{name}_{number}.png" for number in numbers)


PROTOCOLS = {
    "official": ExamWording(128, option="({}) {}"),
    "internvl12": ExamWording(10, gap_before_letter=False, strips=True),
    "lmms_eval": ExamWording(128, gap_before_word=True, all_images=True),
}
SCORER = LetterOrTextScorer(
    (Accuracy(by_part=True),),
    readers={"official": mmmu, "internvl12": internvl_short, "lmms_eval": lmms_eval_mmmu},
    graders={"official": mmmu_open, "internvl12": mmmu_open, "lmms_eval": lmms_eval_open},
    guesses={"official": 42, "lmms_eval": 42},
)
cluster = by_image


class ExamRow(FileRow):
    """A row of MMMU; `options` is a list or, on the hub, its text in Python; `answer` too where there are several."""

    id: Annotated[str, Field(pattern=r"^[a-z]+_\w+_\d+$")]
    question: Text
    options: list[FreeText] | str
    answer: list[Text] | Text
    question_type: Literal["multiple-choice", "open", "short-answer"]


class GoldRow(FileRow):
    """The gold answer of a question in answer_dict_val.json."""

    question_type: Literal["multiple-choice", "short-answer", "open"]
    ground_truth: Text | Annotated[list[Text], Field(min_length=1)]


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows in the order of the files, their part as `DOMAIN/SUBJECT`.

    Options and requests follow the question; "<image 1>" stays in it. The images of a row are named ID_NUMBER.png.
    """
    return [_question(row, options, PROTOCOLS[protocol]) for _, row, options in _rows(files)]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return a letter, a text or several texts by question id, from the gold file or else from the rows."""
    options = {question.id: question.options for question in questions}
    answers = {name: answer for name, answer in _answers(files).items() if name in options}
    for name, (where, kind, answer) in answers.items():
        if (kind == CHOICE) != bool(options[name]):
            what, cure = "the gold file has this question in another form", "use gold and questions of one split"
            raise PipelineError(what, where=where, value=kind, cure=cure)
        if options[name] and not (isinstance(answer, str) and answer in options[name]):
            value = f"{name}: {answer!r} of {', '.join(options[name])}"
            cure = "a test split has no answers: submit the file below `submissions/`"
            raise PipelineError("the answer is none of the options", where=where, value=value, cure=cure)
        if not _has_text(answer):
            what = "an empty gold answer, which every answer contains"
            raise PipelineError(what, where=where, value=f"{name}: {answer!r}", cure="fetch the file again")
    return {name: answer for name, (_, _, answer) in answers.items()}


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the JSON object that MMMU's evaluation takes: a letter or the raw short answer by question id.

    Where a protocol reads no letter and guesses none, it is the stripped answer, as in OpenGVLab/InternVL 7725e00
    (`internvl_chat/eval/mmmu/evaluate_mmmu.py`, `post_process`). A question without an answer is left out.
    """
    predictions = {
        question.id: _prediction(question, answer, protocol) for question, answer in answers if answer is not None
    }
    return (json.dumps(predictions, indent=1, ensure_ascii=False) + "\n").encode()


def _prediction(question: Question, answer: str, protocol: str) -> JsonValue:
    if not question.options:
        return answer
    letter = SCORER.grade(question, "", answer, protocol).extracted
    return answer.strip() if letter is None else letter


def subject_of(name: str) -> str:
    """Return the subject in an id, such as Art_Theory in validation_Art_Theory_7."""
    return "_".join(name.split("_")[1:-1])


def domain_of(name: str) -> str | None:
    """Return the domain of an id's subject, None for an unknown subject."""
    return next((domain for domain, subjects in DOMAINS.items() if subject_of(name) in subjects), None)


def _question(row: ExamRow, options: dict[str, str], wording: ExamWording) -> Question:
    """Return a question; InternVL removes the white space around options."""
    if wording.strips:
        options = {letter: text.strip() for letter, text in options.items()}
    prompt = wording.prompt(row.question, options)
    part = f"{domain_of(row.id)}/{subject_of(row.id)}"
    return Question(row.id, prompt, wording.images(row.id, prompt), part, options)


def _rows(files: Files) -> Iterator[tuple[str, ExamRow, dict[str, str]]]:
    """Yield position, row and options by letter; a row that is there twice comes once."""
    seen: dict[str | int, ExamRow] = {}
    for where, content in read_table(files.questions, COLUMNS):
        row = parse_row(ExamRow, content, "this is no question of MMMU", where)
        options = _listed(row.options, where) if row.question_type == CHOICE else []
        if domain_of(row.id) is None:
            cure = "an id is SPLIT_SUBJECT_NUMBER, with a subject of MMMU"
            raise PipelineError("MMMU has no such subject", where=where, value=row.id, cure=cure)
        if row.question_type == CHOICE and not 0 < len(options) <= len(ascii_uppercase):
            raise PipelineError("a multiple-choice question needs options", where=where, value=row.options)
        if not is_repeated(seen, row.id, row, where):
            yield where, row, lettered(options)


def _answers(files: Files) -> dict[str, tuple[str, str, Any]]:
    """Return position, question type and gold answer by question id."""
    if files.gold is None:
        return {row.id: (where, row.question_type, _several(row.answer, where)) for where, row, _ in _rows(files)}
    answers: dict[str, tuple[str, str, Any]] = {}
    for name, content in read_object(files.gold).items():
        where = f"{files.gold}, {name!r}"
        row = parse_row(GoldRow, content, "a gold answer needs `question_type` and `ground_truth`", where)
        answers[name] = where, row.question_type, row.ground_truth
    return answers


def _has_text(answer: list[str] | str) -> bool:
    """Return whether an answer, and each one of several, is more than white space."""
    texts = [answer] if isinstance(answer, str) else answer
    return bool(texts) and all(text.strip() for text in texts)


def _several(answer: list[str] | str, where: str) -> list[str] | str:
    """Return an answer as it is, and one that is the text of a list as the list."""
    return _listed(answer, where) if isinstance(answer, str) and answer.startswith("['") else answer


def _listed(value: list[str] | str, where: str) -> list[str]:
    """Return a list, or the list of texts that a text is in Python."""
    if isinstance(value, list):
        return value
    texts = texts_of(value)
    if texts is None:
        raise PipelineError("not a list of texts in Python's form", where=where, value=value)
    return texts
