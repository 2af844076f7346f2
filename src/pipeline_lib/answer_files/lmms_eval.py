"""Reader `lmms_eval`: the files `*_samples_TASK.jsonl` of lmms-eval's `--log_samples`.

Forms of EvolvingLMMs-Lab/lmms-eval v0.6 (a list of replies for every request of a question) and v0.7 (without the outer
list where there is one request), `lmms_eval/loggers/evaluation_tracker.py`. `resps` is what the model said; it is left
out where it equals `filtered_resps`. The text that lmms-eval writes for a failed request is a failed answer. `doc_id`
is a row of lmms-eval's data set and `doc_hash` is the same in every row: both are no ids here. An id is what the
metrics of a task hold; else the question (`input`) decides, and of questions with the same words the gold answer
(`target`). A metric may be NaN, a reply not.
"""

from pathlib import Path
from typing import Any, Iterator

from pipeline_lib.answer_files.base import Form, read_loose_lines
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.serving.lmms_log import FAILED, reply_of
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.matching import ToolAnswer, join_answers
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "JSON Lines of lmms-eval's --log_samples, versions 0.6 and 0.7"

IDS = ("question_id", "questionId", "data_id", "id", "pid", "image_id", "index")  # in the values of metrics
PART = "category"
PAIR = "pair_index"  # a key of MMVP's metrics alone


def fits(form: Form) -> bool:
    """Return whether the first record is a sample."""
    return form.container in ("lines", "object") and form.has("doc_id", "filtered_resps")


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer."""
    return join_answers([_answer_of(row, where) for where, row in read_loose_lines(path)], lookup, path)


def _answer_of(row: dict[str, Any], where: str) -> ToolAnswer:
    about = list(_about(row))
    names = [_named(values, key) for values in about for key in IDS if isinstance(values.get(key), (str, int))]
    parts = [values[PART] for values in about if isinstance(values.get(PART), str)]
    question = row.get("input")
    return ToolAnswer(
        where=where,
        text=_reply(row, where),
        id=names[0] if names else "",
        question=question if isinstance(question, str) else "",
        image=_image(row),
        part=parts[0] if parts else "",
        gold=row["target"] if isinstance(row.get("target"), str) else "",
    )


def _about(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the metrics of a task say of a question beside a number."""
    for value in row.values():
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict))


def _named(values: dict[str, Any], key: str) -> str:
    """Return an id in the values of a metric; MMVP's task (`tasks/mmvp/utils.py`) subtracts 1 from its table's."""
    return str(int(values[key]) + 1) if key == "index" and PAIR in values else str(values[key])


def _image(row: dict[str, Any]) -> str:
    """Return the path of the question's only image, if the file names it."""
    media = row.get("input_media")
    names = [name for name in media if isinstance(name, str)] if isinstance(media, list) else []
    return names[0] if len(names) == 1 and "://" not in names[0] and not names[0].startswith("data:") else ""


def _reply(row: dict[str, Any], where: str) -> str | None:
    """Return what the model said, the only text in the lists of replies; None for a failed request."""
    value = reply_of(row)
    if not isinstance(value, str):
        what = "a sample needs one reply, a text, in `resps` or `filtered_resps`"
        cure = "log samples of a task that generates one answer a question"
        raise PipelineError(what, where=where, value=value, cure=cure)
    return None if FAILED.match(value) else value
