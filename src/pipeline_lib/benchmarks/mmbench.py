"""MMBench: multiple choice in rotated copies; a question is right if it is right in every rotation.

Files of open-compass/MMBench (one TSV with base64 images); scorers of open-compass/VLMEvalKit e8e78f0 and
EvolvingLMMs-Lab/lmms-eval 75571cf, with their language models only if a study names a judge. docs/benchmarks.md
compares the protocols.
"""

import re
from dataclasses import dataclass
from typing import Mapping

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Question
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import File, Sources
from pipeline_lib.benchmarks.families.letters import Options, internvl_mmbench, internvl_short, vlmevalkit
from pipeline_lib.benchmarks.families.lmms_eval_letters import lmms_eval_mmbench, lmms_eval_static
from pipeline_lib.benchmarks.families.matching import MatchingRequest, MatchingScorer, no_recordings
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, REAL_ROWS, Published
from pipeline_lib.benchmarks.families.table_wordings import ENGLISH, TableWording
from pipeline_lib.benchmarks.families.uploads import PredictionSheet
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.tsv import Row, read_tsv

PRIMARY = "accuracy"
SHOWN = ("accuracy", "accuracy/unrotated")
ROWS_SEEN = REAL_ROWS
PUBLISHED = (
    Published(LLAVA_ZOO, "llava15", "accuracy", "dev, English", (64.3, 67.7, 66.1, 68.5)),
    Published(INTERNVL_README, "internvl12", "accuracy", "dev, English", (76.7, 81.4, 83.4)),
    Published(INTERNVL_README, "internvl12", "accuracy", "test, English", (75.4, 82.2, 83.8), server=True),
)
SUBMISSION = "xlsx"

TABLE = "https://download.openmmlab.com/mmclassification/datasets/mmbench/mmbench_dev_20230712.tsv"
SCENES = {"kind": "digits_mmbench", "part": "test", "scenes": 5, "file": "mmbench_dev_20230712.tsv"}
DATA = Sources(File("mmbench", TABLE, smoke=SCENES))  # the images are in the table

COLUMNS = ("index", "question", "A", "B", "image")  # required in every row
COPIES = 1_000_000  # the rotated copies of a question have its index plus a multiple of this
INDEX = "0|[1-9][0-9]{0,17}"  # of 63 bits
DROPPED = ("hint", "category", "source", "image", "comment", "l2-category")
PREDICTION_COLUMN = 6


def cluster(question: Question) -> str:
    """Return the group of rotated copies."""
    return str(int(question.id) % COPIES)


def is_unrotated(question: Question) -> bool:
    """Return whether a question is no rotated copy."""
    return int(question.id) < COPIES


PROTOCOLS = ENGLISH
READERS = {  # an answer without a letter by them is one for a judge
    "llava15": vlmevalkit,
    "internvl12": internvl_mmbench,
    "lmms_eval": lmms_eval_mmbench,
    "vlmevalkit": vlmevalkit,
}


def quoted_questions(files: Files) -> dict[str, JsonValue]:
    """Return the question of every row, without its hint and options."""
    return {row["index"]: row["question"] for row in _rows(files)}


request = MatchingRequest(READERS, quoted_questions)
recorded = no_recordings
SCORER = MatchingScorer(
    (
        Accuracy(group=cluster, by_part=True),
        Accuracy("accuracy/unrotated", includes=is_unrotated),
        Accuracy("accuracy/rows"),
    ),
    readers={
        "llava15": vlmevalkit,
        "internvl12": internvl_mmbench,
        "lmms_eval": lmms_eval_static,
        "vlmevalkit": vlmevalkit,
    },
    request=request,
)


@dataclass(frozen=True)
class TableQuestions:
    """The `questions` of a benchmark in MMBench's table: its rows, worded by the protocol."""

    wordings: Mapping[str, TableWording]

    def __call__(self, files: Files, protocol: str) -> list[Question]:
        """Return the rows of the TSV, with images `<name of the TSV>/<index>` and parts `l2-category/category`."""
        return [_question(row, files, self.wordings[protocol]) for row in _rows(files)]


questions = TableQuestions(PROTOCOLS)


def gold(files: Files, questions: list[Question], protocol: str) -> dict[str, JsonValue]:
    """Return the letter in the column `answer`; a split without answers raises PipelineError."""
    answers: dict[str, JsonValue] = {row["index"]: row.get("answer", "") for row in _rows(files)}
    if not any(answers.values()):
        raise PipelineError(
            "this split of MMBench has no answers, so it cannot be scored here",
            where=files.questions,
            cure="submit the xlsx below `submissions/` to MMBench's server",
        )
    for number, question in enumerate(questions, 1):
        if answers[question.id] not in question.options:
            value = f"index {question.id}: {answers[question.id]!r} of {', '.join(question.options)}"
            raise PipelineError(
                "the answer is none of the options", where=f"{files.questions}, row {number}", value=value
            )
    return answers


def raw_prediction(answer: str, options: Options) -> str:
    """Return the raw answer, as LLaVA's `scripts/convert_mmbench_for_submission.py` does."""
    return answer


def letter_prediction(answer: str, options: Options) -> str:
    """Return the letter by InternVL's rules; where they extract none the answer without outer white space, as there."""
    return internvl_short(answer, options)[0] or answer.strip()


def stripped_prediction(answer: str, options: Options) -> str:
    """Return the answer without outer white space, as lmms-eval does."""
    return answer.strip()


PREDICTIONS = {
    "llava15": raw_prediction,
    "internvl12": letter_prediction,
    "lmms_eval": stripped_prediction,
    "vlmevalkit": raw_prediction,
}
submission = PredictionSheet(PREDICTIONS, DROPPED, PREDICTION_COLUMN)  # as MMBench's server takes it


def _question(row: Row, files: Files, wording: TableWording) -> Question:
    """Return a question; its `record` has LLaVA's additional keys, and the prompt without the request for a letter."""
    options = wording.options(row)
    hint = row.get("hint", "")
    prompt = wording.prompt(row["question"], options, "" if wording.is_absent(hint) else hint)
    image = f"{files.questions.stem}/{row['index']}"
    part = "/".join(filter(None, (row.get("l2-category"), row.get("category")))) or "all"
    text = prompt.removesuffix(f"\n{wording.request}")
    record = {"prompt": text, "round_id": 0, "options": list(options.values()), "option_char": list(options)}
    return Question(row["index"], prompt, (image,), part, _all_options(row), record)


def _all_options(row: Row) -> dict[str, str]:
    """Return the options of the file by letter, including those that spell "None": the scorer uses them all."""
    return {letter: row[letter] for letter in "ABCDE" if row.get(letter)}


def _rows(files: Files) -> list[Row]:
    """Return the rows of the TSV; one without integer index, question, two options or image raises PipelineError."""
    rows = read_tsv(files.questions, COLUMNS)
    for number, row in enumerate(rows, 1):
        lacking = [name for name in COLUMNS if not row[name]]
        if lacking or not re.fullmatch(INDEX, row["index"]):
            raise PipelineError(
                "a row needs a whole number as index, a question, two options and an image",
                where=f"{files.questions}, row {number}",
                value=f"index {row['index']!r}" + (f", without {', '.join(lacking)}" if lacking else ""),
                cure="fetch the file again: it is cut off or not MMBench's",
            )
    return rows
