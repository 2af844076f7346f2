"""Two files of answers to the same questions, row by row, with the reason for every difference."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping

from pipeline_lib.benchmarks.base import Files, Question, Verdict
from pipeline_lib.engines.serving import lmms_log
from pipeline_lib.images.decode import UnreadableImageError
from pipeline_lib.images.pixels import orientation
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.rescoring.rescore import choose_reader, rescore
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.scored import Scored

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LMMS_EVAL = "lmms_eval"  # the reader of its samples, to which a failed request is failed
UPRIGHT = 1  # the EXIF orientation of an image that no program turns

Compared = dict[str, Any]  # as JSON: counts, scores, differences

NOT_ASKED, FAILED_AS_ANSWER = "an answer in one file only", "a failed request, scored as an answer"
FAILED = "a request that failed in one file"
SPACES, CUT, BROKEN = "other spaces", "one answer is cut off", "a split character"
TURNED, OTHER = "an image with an EXIF turn, which some programs apply", "another answer"


@dataclass(frozen=True)
class Difference:
    """A question whose two answers differ, why, and their verdicts."""

    question: Question
    reason: str
    first: Verdict
    second: Verdict

    @property
    def changes_the_score(self) -> bool:
        """Return whether the two answers have different grades."""
        return self.first.grade.value != self.second.grade.value

    def row(self) -> dict[str, Any]:
        """Return the difference as a row of JSON."""
        sides = {"first": self.first, "second": self.second}
        answers = {
            name: {"answer": side.answer, "value": side.grade.value, "status": side.grade.status}
            for name, side in sides.items()
        }
        return {"id": self.question.id, "images": list(self.question.images), "reason": self.reason, **answers}


def compare_answers(answers: tuple[Path, Path], files: Files, settings: ScoreSettings, images: ImageReader) -> Compared:
    """Return both scores, how many answers are equal, and every difference with its reason.

    `images` may hold the images of the questions: then an EXIF turn is a reason.
    """
    first, second = (rescore(path, files, settings, choose_reader(path, None)) for path in answers)
    differences = list(_differences(first, second, images))
    reasons = [each.reason for each in differences]
    return {
        "questions": len(first.verdicts),
        "equal": len(first.verdicts) - len(differences),
        "reasons": {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
        "change_the_score": sum(each.changes_the_score for each in differences),
        "scores": {"first": first.score, "second": second.score},
        "differences": [each.row() for each in differences],
    }


def _differences(first: Scored, second: Scored, images: ImageReader) -> Iterator[Difference]:
    """Yield the questions whose answers differ, spaces at their ends aside, which no scorer reads."""
    others: Mapping[str, Verdict] = {verdict.question.id: verdict for verdict in second.verdicts}
    logged = [scored.score["answers_from"] == LMMS_EVAL for scored in (first, second)]
    for one in first.verdicts:
        other = others[one.question.id]
        if _stripped(one) == _stripped(other):
            continue
        failed = [verdict.grade.status == "failed" for verdict in (one, other)]
        as_answer = any(fails and by_lmms_eval for fails, by_lmms_eval in zip(failed, logged, strict=True))
        yield Difference(one.question, FAILED_AS_ANSWER if as_answer else _reason(one, other, images), one, other)


def _reason(first: Verdict, second: Verdict, images: ImageReader) -> str:
    """Return why two answers differ, as far as they and the image tell."""
    texts = [verdict.answer for verdict in (first, second)]
    if any(text is not None and lmms_log.FAILED.match(text) for text in texts):
        return FAILED_AS_ANSWER
    if "failed" in (first.grade.status, second.grade.status):
        return FAILED
    one, other = texts
    if one is None or other is None:
        return NOT_ASKED
    if one.split() == other.split():
        return SPACES
    if one.rstrip(REPLACEMENT) == other.rstrip(REPLACEMENT):
        return BROKEN
    if any(_is_turned(path, images) for path in first.question.images):
        return TURNED
    shorter, longer = sorted((one.strip(), other.strip()), key=len)
    return CUT if shorter and longer.startswith(shorter) else OTHER


def _stripped(verdict: Verdict) -> str | None:
    return None if verdict.answer is None else verdict.answer.strip()


def _is_turned(path: str, images: ImageReader) -> bool:
    """Return whether an image that the reader has would be turned by its EXIF tag."""
    if path not in images:
        return False
    try:
        return orientation(images.decoded(path, images.row(path).pin)) != UPRIGHT
    except UnreadableImageError:
        return False
