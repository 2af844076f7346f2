"""Answers of other tools get the questions that they belong to: by id, or else by what the file holds of the question.

Positions never count. Where a file leaves open which of several questions an answer belongs to, it is refused, unless
all these questions have the same answer, or no metric depends on it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Hashable, Iterator, Mapping

from pipeline_lib.benchmarks.base import Question
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import plain_text
from pipeline_lib.scoring.answers import Joined
from pipeline_lib.scoring.question_lookup import QuestionLookup, plain

OPEN = "{} answers are to questions of equal words and gold answers: which is whose is open, and changes no metric"
MOST = 0.9  # share of a file's ids that must be those of the questions for all to count as such


@dataclass(frozen=True)
class ToolAnswer:
    """An answer as a file of another tool has it: its text, None if the model failed, and what it says of the question.

    `id` may be a name that the benchmark's `other_ids` know, or with `id_is_row` the number of a row elsewhere.
    `question` is the text in any project's words, `image` a path, `part` one or several parts between commas; empty is
    unknown. `gold` is the gold answer as the tool has it.
    """

    where: str
    text: str | None
    id: str = ""
    question: str = ""
    image: str = ""
    part: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    gold: str = ""
    id_is_row: bool = False


def join_answers(records: list[ToolAnswer], lookup: QuestionLookup, path: Path) -> Joined:
    """Return every question with its answer; PipelineError for answers to unknown questions, and for conflicting ones.

    The same answer twice counts once.
    """
    if not records:
        raise PipelineError("no answers", where=path, cure="name the file with the model's answers")
    by_id = _are_ids(records, lookup)
    texts = set() if by_id else {answer.question for answer in records}
    worded = {text: _worded(text, lookup) for text in texts}
    known_ids: dict[Hashable, frozenset[str]] = {}
    candidates = [
        _by_id(answer, lookup) if by_id else _by_content(answer, lookup, worded, known_ids) for answer in records
    ]
    answers: dict[str, ToolAnswer] = {}
    open_ids = 0
    groups: dict[frozenset[str], list[ToolAnswer]] = defaultdict(list)
    for answer, ids in zip(records, candidates, strict=True):
        groups[ids].append(answer)
    for ids, group in sorted(groups.items(), key=lambda item: len(item[0])):
        left = _open(ids, answers)
        interchanged = _interchanged(left, group, lookup)
        open_ids += len(interchanged)
        for identifier, answer in interchanged or _settled(left, group, lookup):
            if answers.setdefault(identifier, answer).text != answer.text:
                what = "a second answer to the same question, which differs"
                raise PipelineError(what, where=answer.where, value=identifier, cure="remove one of the two")
    failed = frozenset(name for name, answer in answers.items() if answer.text is None)
    texts_by_id = {name: answer.text for name, answer in answers.items()}
    pairs = [(question, texts_by_id.get(question.id)) for question in lookup.questions]
    return Joined(pairs, failed, notes=(OPEN.format(open_ids),) if open_ids else ())


def _open(ids: frozenset[str], answers: dict[str, ToolAnswer]) -> frozenset[str]:
    """Return of several ids those that no other answer has got; a single id may get its answer twice."""
    return ids - answers.keys() if len(ids) > 1 else ids


def _are_ids(records: list[ToolAnswer], lookup: QuestionLookup) -> bool:
    """Return whether the ids of a file are those of the questions: known, of questions so worded, and no id of several.

    The numbers of rows elsewhere are all different: one that stands twice is a repeated row.
    """
    known = [
        answer for answer in records if answer.id in lookup.by_id and _agrees(answer, lookup.by_id[answer.id], lookup)
    ]
    repeated = len({(answer.id, answer.text) for answer in known}) > len({answer.id for answer in known})
    return len(known) >= MOST * len(records) and (not repeated or all(answer.id_is_row for answer in known))


def _by_id(answer: ToolAnswer, lookup: QuestionLookup) -> frozenset[str]:
    question = lookup.by_id.get(answer.id)
    if question is None:
        raise _unknown(answer)
    if not _agrees(answer, question, lookup):
        there = f"in the question file {', '.join(question.images)} {plain(question.prompt)}"
        raise PipelineError(
            "this answer belongs to another question of the same id",
            where=answer.where,
            value=f"{answer.image} {plain(answer.question)}, {there}",
            cure="use the question file of these answers",
        )
    return frozenset({answer.id})


def _by_content(
    answer: ToolAnswer,
    lookup: QuestionLookup,
    worded: Mapping[str, set[str]],
    known_ids: dict[Hashable, frozenset[str]],
) -> frozenset[str]:
    """Return the ids of the questions that an answer may belong to: by text or name, image, name, part and options.

    `worded` has the ids of the questions with each text, `known_ids` those of earlier answers by their content.
    """
    named = lookup.by_name.get(answer.id, set()) if answer.id and not answer.id_is_row else set()
    name = answer.id if named else ""
    content = (answer.question, answer.image, answer.part, *answer.options.items(), answer.gold, name)
    if content not in known_ids:
        known_ids[content] = frozenset(_candidates(answer, lookup, worded, named))
    return known_ids[content]


def _candidates(
    answer: ToolAnswer, lookup: QuestionLookup, worded: Mapping[str, set[str]], named: set[str]
) -> set[str]:
    """Return the ids of the questions to which all that an answer says fits; PipelineError if there is none."""
    ids = worded[answer.question] if answer.question else named
    if answer.image:
        pictured = lookup.by_image.get(PurePosixPath(answer.image).name, set()) | lookup.by_image.get("", set())
        ids = {name for name in (ids & pictured if ids else pictured) if _agrees(answer, lookup.by_id[name], lookup)}
    if not ids:
        raise _unknown(answer)
    ids = (ids & named) or ids
    if answer.part and len(ids) > 1:
        parts = set(answer.part.split(","))
        ids = {name for name in ids if parts & set(lookup.by_id[name].part.split("/"))} or ids
    if answer.options and len(ids) > 1:
        ids = {name for name in ids if dict(lookup.by_id[name].options) == dict(answer.options)} or ids
    if answer.gold and len(ids) > 1:
        ids = {name for name in ids if lookup.gold.get(name) == answer.gold} or ids
    return ids


def _worded(text: str, lookup: QuestionLookup) -> set[str]:
    """Return the ids of the questions with a text, in any protocol's words."""
    exact = lookup.by_text.get(plain(text))
    if exact:
        return exact
    pieces = (lookup.by_text[piece] for piece in _pieces(text, lookup.most_words) if piece in lookup.by_text)
    return {name for name in min(pieces, key=len, default=set()) if lookup.is_worded(name, plain(text))}


def _pieces(text: str, most: int) -> Iterator[str]:
    """Yield the lines of a text, and its beginnings of at most so many words: a question may be any of them."""
    yield from map(plain, text.split("\n"))
    words = text.split()
    yield from (" ".join(words[:end]) for end in range(min(len(words) - 1, most), 0, -1))


def _agrees(answer: ToolAnswer, question: Question, lookup: QuestionLookup) -> bool:
    """Return whether all that a file says of a question is true of it."""
    text = plain(answer.question)
    return _shows(answer.image, question) and (not text or lookup.is_worded(question.id, text))


def _shows(image: str, question: Question) -> bool:
    """Return whether a path is that of the question's image: one ends with the other, or one of them is unknown."""
    if not image or not question.images:
        return True
    parts = PurePosixPath(image).parts
    for other in (PurePosixPath(name).parts for name in question.images):
        length = min(len(parts), len(other))
        if parts[-length:] == other[-length:]:
            return True
    return False


def _interchanged(ids: frozenset[str], group: list[ToolAnswer], lookup: QuestionLookup) -> list[tuple[str, ToolAnswer]]:
    """Return an answer for every id where the questions differ in nothing that a metric counts; else nothing.

    They have the same words, options, part and gold answer, each is alone in its cluster, and has one of the answers.
    Which is whose does not depend on positions: the texts go to the ids in the order of both.
    """
    questions = [lookup.by_id[name] for name in sorted(ids)]
    alike = {
        (each.prompt, *each.options.items(), each.part, plain_text(lookup.gold.get(each.id, ""))) for each in questions
    }
    if len(ids) < 2 or len(group) != len(ids) or len(alike) > 1 or not ids <= lookup.alone & lookup.gold.keys():
        return []
    if len({answer.text for answer in group}) == 1 or any(answer.text is None for answer in group):
        return []
    texts = sorted(group, key=lambda answer: str(answer.text))
    return [(question.id, answer) for question, answer in zip(questions, texts, strict=True)]


def _settled(ids: frozenset[str], group: list[ToolAnswer], lookup: QuestionLookup) -> list[tuple[str, ToolAnswer]]:
    """Return the answer of every id.

    Several ids are settled by one text: if there is an answer for each, or if they ask the same about the same image.
    """
    if len(ids) == 1:
        return [(name, answer) for name in ids for answer in group]
    if not ids:
        what = "a further answer to questions that all have one"
        raise PipelineError(what, where=group[0].where, value=plain(group[0].question), cure="remove one of the two")
    same = len({(lookup.by_id[name].images, lookup.by_id[name].prompt) for name in ids}) == 1
    if len({answer.text for answer in group}) == 1 and (same or len(group) >= len(ids)):
        return [(name, group[0]) for name in ids]
    answer = group[0]
    holds = [name for name in ("id", "question", "image", "part", "options") if getattr(answer, name)]
    raise PipelineError(
        f"{len(group)} answers may belong to any of {len(ids)} questions, and the file does not say to which",
        where=answer.where,
        value=f"{plain(answer.question)}; the file holds only {', '.join(holds)}",
        cure="score a file that has the questions' ids, or their images",
    )


def _unknown(answer: ToolAnswer) -> PipelineError:
    values = {name: getattr(answer, name) for name in ("id", "question", "image") if getattr(answer, name)}
    return PipelineError(
        "an answer to a question that is not in the question file",
        where=answer.where,
        value=values or "the file names no question",
        cure="use the question file and the protocol of these answers",
    )
