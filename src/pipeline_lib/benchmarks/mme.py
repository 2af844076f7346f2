"""MME: yes or no in pairs of questions about an image, in ten categories of perception and four of cognition.

Question file of haotian-liu/LLaVA c121f04 (`llava_mme.jsonl`); gold and scorer of BradyFU's
Awesome-Multimodal-Large-Language-Models, branch Evaluation (`eval_tool`): lists `CATEGORY.txt` with image, question and
gold answer. docs/benchmarks.md compares the protocols.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Iterator

from pydantic import StringConstraints

from pipeline_lib.benchmarks.base import Asking, Files, Question, by_image, some
from pipeline_lib.benchmarks.families.counting import Accuracy, CategorySums
from pipeline_lib.benchmarks.families.data import LLAVA_EVAL, Drive, Manual, Sources, StandIn
from pipeline_lib.benchmarks.families.mme_lists import MME_LISTS
from pipeline_lib.benchmarks.families.protocols import (
    SHORT,
    SHORT_BELOW,
    YES_OR_NO,
    YES_OR_NO_BEHIND,
    YES_OR_NO_SHORT_BEHIND,
)
from pipeline_lib.benchmarks.families.published import (
    INTERNVL_LEGACY_README,
    INTERNVL_README,
    LLAVA_ZOO,
    RECORDED,
    Published,
)
from pipeline_lib.benchmarks.families.yes_no import (
    YesNoScorer,
    internvl_mme,
    lmms_eval_mme,
    mme_start,
    vlmevalkit_yes_no,
)
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.file_rows import FileRow, Text, parse_row
from pipeline_lib.core.reading import numbered_lines
from pipeline_lib.core.text import read_rows_with_place

PRIMARY = "perception"
SHOWN = ("perception", "cognition")
ROWS_SEEN = RECORDED
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "perception", "all", (1510.7, 1531.3, 1476.9, 1541.7), times=1),
    Published(INTERNVL_README, "internvl12", "perception", "all", (1675.1, 1672.1, 1623.6), times=1),
    Published(INTERNVL_README, "internvl12", "cognition", "all", (348.6, 509.3, 550.7), times=1),
    Published(INTERNVL_LEGACY_README, "internvl12", "perception", "not stated", (1298.5, 1317.2, 1586.4), times=1),
)

PERCEPTION = (
    *("existence", "count", "position", "color", "posters"),
    *("celebrity", "scene", "landmark", "artwork", "OCR"),
)
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
PAIR = 2  # questions about an image
FIELDS = 3  # of a line in a list: image, question, gold answer

PAGE = "https://github.com/BradyFU/Awesome-Multimodal-Large-Language-Models/tree/Evaluation"
DATA = Sources(
    questions=Drive("mme_questions", LLAVA_EVAL, below="MME", file="llava_mme.jsonl", smoke=StandIn("llava_*")),
    gold=MME_LISTS,
    images=Manual("mme_images", PAGE, "MME_Benchmark_release_version", expect=1187, smoke=StandIn("*.png")),
)


@dataclass(frozen=True)
class YesNoWording(Asking):
    """How a project asks a question: the request after it."""

    request: str


PROTOCOLS = {
    "llava15": YesNoWording(128, SHORT_BELOW),
    "internvl12": YesNoWording(20, YES_OR_NO_SHORT_BEHIND),
    "lmms_eval": YesNoWording(16, SHORT_BELOW),
    "vlmevalkit": YesNoWording(2048, YES_OR_NO_BEHIND),
}
SCORER = YesNoScorer(
    (
        CategorySums({"perception": PERCEPTION, "cognition": COGNITION}),
        Accuracy(by_part=True),
        Accuracy("accuracy_plus", by_part=True, group=by_image),
    ),
    readers={
        "llava15": mme_start,
        "internvl12": internvl_mme,
        "lmms_eval": lmms_eval_mme,
        "vlmevalkit": vlmevalkit_yes_no,
    },
)
cluster = by_image


class QuestionRow(FileRow):
    """A row of LLaVA's question file; both questions about an image have its name as `question_id`."""

    question_id: Text
    image: Text
    text: Text
    category: Annotated[str, StringConstraints(pattern=r"^[\w-]+$")]  # part of a file name


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of LLaVA's question file; an id is the image's name and the question.

    An image without exactly two questions raises PipelineError.
    """
    wording, asked = PROTOCOLS[protocol], dict[str, Question]()
    for where, content in read_rows_with_place(files.questions):
        row = parse_row(QuestionRow, content, "this is no question of MME", where)
        text = _question(row.text)
        question = Question(
            id=f"{row.image} {text}",
            prompt=text + wording.request,
            images=(row.image,),
            part=row.category,
            record={"question_id": row.question_id},
            stem=text,
        )
        if asked.setdefault(question.id, question) != question:
            what, cure = "the same question about this image in another category", "remove one of the rows"
            raise PipelineError(what, where=where, value=text, cure=cure)
    _expect_pairs(list(asked.values()), files.questions)
    return list(asked.values())


def other_ids(question: Question) -> set[str]:
    """Return the names of the question's image in MME's lists and in what LLaVA makes of them."""
    return {f"{question.part}/{PurePosixPath(question.images[0]).stem}"}


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, str]:
    """Return yes or no by question id, from the list of every asked category.

    A list names an image without its folders. Its further lines are of the benchmark, but not asked.
    """
    if files.gold is None or not files.gold.is_dir():
        where, cure = files.gold or "none is named", "name that folder as `gold`"
        raise PipelineError("MME's gold is a folder with CATEGORY.txt lists", where=where, cure=cure)
    ids = {(q.part, PurePosixPath(q.images[0]).name, q.stem): q.id for q in questions}
    answers: dict[str, str] = {}
    for category in sorted({question.part for question in questions}):
        for where, image, text, answer in _list(files.gold / f"{category}.txt"):
            name = ids.get((category, image, text), f"{category}/{image} {text}")
            if answers.setdefault(name, answer) != answer:
                cure = "fetch the list again"
                raise PipelineError("a second gold answer, which differs", where=where, value=name, cure=cure)
    return answers


def _list(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield position, image, question and gold answer of every line; the list of a result has its answer as fourth."""
    for number, line in numbered_lines(path):
        fields = line.rstrip("\r\n").split("\t")
        answer = fields[FIELDS - 1].lower() if len(fields) in (FIELDS, FIELDS + 1) else ""
        if answer not in ("yes", "no"):
            what = "a line has an image, a question, and yes or no, between tabs"
            raise PipelineError(what, where=f"{path}:{number}", value=line, cure="fetch the list again")
        yield f"{path}:{number}", fields[0], _question(fields[1]), answer


def _question(text: str) -> str:
    """Return a question without the requests for a form of answer; before them are one space, two, or a line break."""
    return text.replace(SHORT, "").strip().removesuffix(YES_OR_NO).rstrip()


def _expect_pairs(questions: list[Question], path: Path) -> None:
    counts: dict[str, int] = {}
    for question in questions:
        counts[by_image(question)] = counts.get(by_image(question), 0) + 1
    others = [f"{name} ({count})" for name, count in counts.items() if count != PAIR]
    if others:
        cure = "fetch the file again, or add what is missing"
        raise PipelineError("MME asks two questions about every image", where=path, value=some(others), cure=cure)
