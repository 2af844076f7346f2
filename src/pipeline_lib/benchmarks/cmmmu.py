"""CMMMU: Chinese choices, statements and blanks about images from college exams, in thirty subjects of six domains.

Questions and scorer of CMMMU-Benchmark/CMMMU e1ba883 (`cmmmu-data-val/DOMAIN/DOMAIN.jsonl`,
`eval/utils/eval_utils.py`); prompts of EvolvingLMMs-Lab/lmms-eval 75571cf. docs/benchmarks.md compares the protocols.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Iterator, Literal

from pydantic import Field, JsonValue

from pipeline_lib.benchmarks.base import Asking, Files, Question, by_image, some
from pipeline_lib.benchmarks.families.choice import lettered
from pipeline_lib.benchmarks.families.cmmmu_answers import JUDGEMENTS, cmmmu, cmmmu_blank, lmms_eval_cmmmu
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import Manual, Sources, StandIn
from pipeline_lib.benchmarks.families.letter_or_text import LetterOrTextScorer
from pipeline_lib.benchmarks.families.published import INTERNVL_README, RECORDED, Published
from pipeline_lib.benchmarks.families.table_rows import is_repeated
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import Count, FileRow, FreeText, Text, parse_row
from pipeline_lib.core.text import read_rows_with_place

PRIMARY = "accuracy"
SHOWN = ("accuracy",)
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(INTERNVL_README, "official", "accuracy", "validation", (34.8, None, None)),
    Published(INTERNVL_README, "official", "accuracy", "test", (34.0, None, None), server=True),
)
SUBMISSION = "jsonl"

CHOICE, STATEMENT, BLANK = "选择", "判断", "填空"
IMAGE = re.compile(r'<img="(.*?)">')
PAGE = "https://github.com/CMMMU-Benchmark/CMMMU"
DATA = Sources(Manual("cmmmu", PAGE, "CMMMU", expect=900, file="cmmmu-data-val", smoke=StandIn()))

CHOOSE = (
    "请回答以下多项选择题，并选出正确选项。这些题目可能包括单选和多选题型。"
    "如果所提供的信息不足以确定一个明确的答案，那么请根据可用的数据和你的判断来选择最可能正确的选项。"
)
JUDGE = (
    "请回答以下判断题，并根据题目描述和所给的信息来判断问题中陈述的对错。"
    "如果信息不完整或不足以作出绝对判断，请运用你的逻辑推理和现有信息来做出最可能的判断。"
)
FILL = (
    "请回答以下填空题，并根据题目的要求和所提供的信息来给出最恰当的答案。"
    "如果信息不足以确切回答，那么请依据现有的数据和你的推理能力来填写最合理的答案。"
)


@dataclass(frozen=True)
class ChineseWording(Asking):
    """How a project asks: the instruction before a question of each type, and the words around it."""

    choice: str = CHOOSE
    statement: str = JUDGE
    blank: str = FILL
    options: str = "问题：{}\n选项：\n{}\n正确答案：\n"
    question: str = "问题：{}\n正确答案：\n"

    def prompt(self, kind: str, question: str, options: dict[str, str]) -> str:
        """Return the prompt of a question of a type; `options` are those of a choice."""
        if kind == CHOICE:
            listed = "".join(f"({letter}) {text}\n" for letter, text in options.items())
            return f"{self.choice}\n\n{self.options.format(question, listed)}"
        instruction = self.statement if kind == STATEMENT else self.blank
        return f"{instruction}\n\n{self.question.format(question)}"


PROTOCOLS = {
    "official": ChineseWording(999),
    "lmms_eval": ChineseWording(16),
}
SCORER = LetterOrTextScorer(
    (Accuracy(by_part=True),),
    readers={"official": cmmmu, "lmms_eval": lmms_eval_cmmmu},
    graders={"official": cmmmu_blank, "lmms_eval": cmmmu_blank},
    guesses={"official": 42, "lmms_eval": 42},
)
cluster = by_image


class ChineseRow(FileRow):
    """A row of a domain's file; only a choice has options."""

    id: Count
    type: Literal["选择", "判断", "填空"]
    question: Text
    option1: FreeText | None = None
    option2: FreeText | None = None
    option3: FreeText | None = None
    option4: FreeText | None = None
    answer: Text | None = None
    category: Text
    subcategory: Text
    img_list: Annotated[list[Text], Field(default_factory=list)]

    def options(self) -> dict[str, str]:
        """Return the options by letter, and those of a statement."""
        if self.type == STATEMENT:
            return JUDGEMENTS
        texts = (self.option1, self.option2, self.option3, self.option4)
        return lettered([text or "" for text in texts]) if self.type == CHOICE else {}


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows in the order of the files, their part as `DOMAIN/SUBJECT`.

    The n-th image of a row is written as <图片 n>. The images are those that the prompt shows, in its order.
    """
    return [_question(path, row, PROTOCOLS[protocol], files) for path, _, row in _rows(files)]


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return letters, 对 or 错, or the text of a blank by question id."""
    answers: dict[str, JsonValue] = {}
    for _, where, row in _rows(files):
        options = row.options()
        parts = list(row.answer or "") if row.type == CHOICE else [row.answer]
        if row.answer is None or (options and not (parts and set(parts) <= options.keys())):
            value = f"{row.id}: {row.answer!r}" + (f" of {', '.join(options)}" if options else "")
            cure = "a test split has no answers: submit the file below `submissions/`"
            raise PipelineError("the answer is none of the options", where=where, value=value, cure=cure)
        if not row.answer.strip():
            raise PipelineError("an empty gold answer, which every answer contains", where=where, value=str(row.id))
        answers[str(row.id)] = row.answer
    return answers


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> bytes:
    """Return the JSON Lines that CMMMU's evaluation takes: id, type and raw response of every answered question."""
    types = {str(row.id): row.type for _, _, row in _rows(files)}
    rows = (
        {"id": int(question.id), "type": types[question.id], "response": answer}
        for question, answer in answers
        if answer is not None
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _question(path: Path, row: ChineseRow, wording: ChineseWording, files: Files) -> Question:
    options = row.options()
    prompt = wording.prompt(row.type, row.question, options)
    images = dict.fromkeys(name for name in IMAGE.findall(prompt) if name in row.img_list)
    for number, name in enumerate(row.img_list, 1):
        prompt = prompt.replace(f'<img="{name}">', f"<图片 {number}>")
    folder = path.parent.relative_to(files.questions.parent) if files.questions.is_dir() else Path()
    paths = tuple((folder / name).as_posix() for name in images)
    return Question(str(row.id), prompt, paths, f"{row.category}/{row.subcategory}", options)


def _rows(files: Files) -> Iterator[tuple[Path, str, ChineseRow]]:
    """Yield file, position and row of one file, or of all below a folder; a row that is there twice comes once."""
    paths = sorted(files.questions.rglob("*.jsonl")) if files.questions.is_dir() else [files.questions]
    seen: dict[str | int, ChineseRow] = {}
    for path in paths:
        for where, content in read_rows_with_place(path):
            row = parse_row(ChineseRow, content, "this is no question of CMMMU", where)
            _check(row, where)
            if not is_repeated(seen, row.id, row, where):
                yield path, where, row


def _check(row: ChineseRow, where: str) -> None:
    """Raise PipelineError for a choice without options, and for an unlisted image in a text."""
    options = row.options()
    if row.type == CHOICE and not any(options.values()):
        raise PipelineError("a choice needs options (`option1`, …)", where=where, value=row.id)
    names = IMAGE.findall("\n".join([row.question, *options.values()]))
    unlisted = [name for name in names if name not in row.img_list]
    if unlisted:
        what = "`img_list` lacks an image of this question"
        raise PipelineError(what, where=where, value=f"{row.id}: {some(unlisted)}")
