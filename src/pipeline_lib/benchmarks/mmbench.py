"""MMBench: multiple choice in rotated copies; a question is right if it is right in every rotation.

Files of open-compass/MMBench (one TSV with base64 images); prompts of haotian-liu/LLaVA c121f04
(`llava/eval/model_vqa_mmbench.py`) and OpenGVLab/InternVL 2410d1d; scorer of open-compass/VLMEvalKit e8e78f0, with its
language model only if a study names a judge. docs/benchmarks.md compares the protocols.
"""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Question, Upload
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import File, Sources
from pipeline_lib.benchmarks.families.letters import Options, internvl_mmbench, internvl_short, vlmevalkit
from pipeline_lib.benchmarks.families.matching import MatchingRequest, MatchingScorer, no_recordings
from pipeline_lib.benchmarks.families.protocols import Wording
from pipeline_lib.benchmarks.families.published import INTERNVL_README, LLAVA_ZOO, REAL_ROWS, Published
from pipeline_lib.benchmarks.families.uploads import prediction_sheet
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


@dataclass(frozen=True)
class TableWording(Wording):
    """How a project asks a row: the letters of the options in the prompt, and the texts that mean an absent one.

    Such a text, in any case, is an absent hint too. With `stops`, the options after an absent one are left out.
    """

    letters: str = "ABCDE"
    absent: tuple[str, ...] = ("",)
    stops: bool = False

    def is_absent(self, text: str) -> bool:
        """Return whether the text of a hint or an option means that there is none."""
        return text.lower() in self.absent

    def options(self, row: Row) -> dict[str, str]:
        """Return the options in the prompt by letter."""
        options: dict[str, str] = {}
        for letter in self.letters:
            absent = self.is_absent(row.get(letter, ""))
            if absent and self.stops:
                break
            if not absent:
                options[letter] = row[letter]
        return options


def cluster(question: Question) -> str:
    """Return the group of rotated copies."""
    return str(int(question.id) % COPIES)


def is_unrotated(question: Question) -> bool:
    """Return whether a question is no rotated copy."""
    return int(question.id) < COPIES


PROTOCOLS = {
    "llava15": TableWording(1024, letters="ABCD", absent=("", "nan", "none"), stops=True),
    "internvl12": TableWording(100),
}
READERS = {"llava15": vlmevalkit, "internvl12": internvl_mmbench}


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
    readers=READERS,
    request=request,
)


def questions(files: Files, protocol: str) -> list[Question]:
    """Return the rows of the TSV, their image as `<name of the TSV>/<index>`, their part as `l2-category/category`."""
    return [_question(row, files, PROTOCOLS[protocol]) for row in _rows(files)]


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
    """Return the letter by InternVL's rules, and the raw answer where they extract none."""
    return internvl_short(answer, options)[0] or answer


PREDICTIONS = {"llava15": raw_prediction, "internvl12": letter_prediction}


def submission(files: Files, answers: list[tuple[Question, str | None]], protocol: str) -> Upload:
    """Return the xlsx that MMBench's server takes: the TSV without six columns, the prediction as the seventh.

    A row without an answer has an empty prediction.
    """
    predict = PREDICTIONS[protocol]
    predictions = {question.id: predict(answer or "", question.options) for question, answer in answers}
    return prediction_sheet(_rows(files), predictions, DROPPED, PREDICTION_COLUMN)


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
