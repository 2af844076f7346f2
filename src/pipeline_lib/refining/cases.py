"""Cases to refine: a question, its image and a first answer, from the answers of a run or from the rows of a table."""

from dataclasses import dataclass, replace
from typing import Any, Iterable

from pipeline_lib.conversations.row_faults import row_fault
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.cutting import cut_behind
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.prompts.base import IMAGE
from pipeline_lib.refining.settings import RefineSettings
from pipeline_lib.scoring.answers import Joined

NO_ANSWER, SEVERAL = "there is no first answer", "a row of LLaVA's has one image, and this question several"


@dataclass(frozen=True)
class Case:
    """A question without `<image>`, the path of its image or None, and the first answer; `fault`: why it is left out.

    `asked` is the question as the first turn of a row has it.
    """

    id: str
    asked: str
    image: str | None
    answer: str
    fault: str = ""

    @property
    def question(self) -> str:
        """Return the question as text alone."""
        return self.asked.replace(IMAGE, "").strip() if self.image is not None else self.asked

    def row(self, settings: RefineSettings, refined: str) -> dict[str, Any]:
        """Return the conversation of two rounds in LLaVA's JSON."""
        texts = (self.asked, self.answer, settings.second(self.question), refined)
        turns = [{"from": ("human", "gpt")[number % 2], "value": text} for number, text in enumerate(texts)]
        return {"id": self.id, **({} if self.image is None else {"image": self.image}), "conversations": turns}


def cases_of_answers(joined: Joined, settings: RefineSettings, images: ImageReader) -> list[Case]:
    """Return a case for every question that a run has answered: its first answer, where it has several."""
    cases = []
    for question, text in joined.pairs:
        turns = joined.turns.get(question.id)
        answer = turns[0].text if turns else text
        image = question.images[0] if question.images else None
        first_turn = question.prompt if image is None else f"{IMAGE}\n{question.prompt}"
        fault = SEVERAL if len(question.images) > 1 else NO_ANSWER if answer is None else ""
        cases.append(_checked(Case(question.id, first_turn, image, answer or "", fault), settings, images))
    return cases


def cases_of_rows(rows: Iterable[Conversation], settings: RefineSettings, images: ImageReader) -> list[Case]:
    """Return a case for every row: its first two turns."""
    cases = []
    for row in rows:
        first_turn, answer = (turn["value"] for turn in row.conversations[:2])
        image = next((path for path, _ in row.images), None)
        fault = SEVERAL if len(row.images) > 1 else ""
        cases.append(_checked(Case(row.id, first_turn, image, answer, fault), settings, images))
    return cases


def _checked(case: Case, settings: RefineSettings, images: ImageReader) -> Case:
    """Return a case with the first answer cut as the settings say, and its fault if no table would take its row."""
    cut = replace(case, answer=cut_behind(case.answer, settings.after))
    return replace(cut, fault=case.fault or row_fault(cut.row(settings, "refined"), images))
