"""Reader `knee_results`: LLaVA-OA's result files, of a model's answers or of a classifier with its probabilities.

Forms of wanglihx/LLaVA-OA 8cfac12, `2-new/prompteval.py`, `6-apieval/apieval.py` and `3-clip/clipeval.py`; UTF-8 with
or without a byte-order mark.
"""

from pathlib import Path
from typing import Any

from pipeline_lib.answer_files.base import Form
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json, read_json
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.matching import ToolAnswer, join_answers
from pipeline_lib.scoring.question_lookup import QuestionLookup

ABOUT = "LLaVA-OA's grades of knees: an object with results, or a classifier's list with probabilities"

PATHS = ("image_file", "image_path")  # whose folder is the grade, which must be the question's
CLASSIFIED = ("predicted_label", "probabilities")


def fits(form: Form) -> bool:
    """Return whether the file is an object with results by grade, or a list of a classifier's."""
    if form.container == "object":
        return form.has("evaluated_grades", "results")
    return form.container == "list" and form.has("image_name", *CLASSIFIED)


def join(path: Path, lookup: QuestionLookup) -> Joined:
    """Return every question with its answer; a classifier's is a JSON object of its grade and probabilities."""
    content: Any = read_json(path)
    rows = content.get("results") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise PipelineError("a result file has a list of results", where=path, value=type(content).__name__)
    return join_answers([_answer_of(row, f"{path}, row {number}") for number, row in enumerate(rows, 1)], lookup, path)


def _answer_of(row: Any, where: str) -> ToolAnswer:
    name = row.get("image_name") if isinstance(row, dict) else None
    if not isinstance(name, str):
        raise PipelineError("a result names its image: `image_name`", where=where, value=row, cure="add it")
    if all(key in row for key in CLASSIFIED):
        text = canonical_json({key: row[key] for key in CLASSIFIED})
    else:
        text = row.get("predicted_output")
    if text is not None and not isinstance(text, str):
        raise PipelineError(
            "`predicted_output` is a text",
            where=where,
            value=text,
            cure="write the file again",
        )
    path = next((row[key] for key in PATHS if isinstance(row.get(key), str) and row[key]), name)
    return ToolAnswer(where, text, id=Path(name).stem, image=path)
