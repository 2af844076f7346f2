"""The questions that a file of answers may belong to, and how other projects name and word them."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Mapping

from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Files, Question, load_benchmark
from pipeline_lib.core.errors import PipelineError


@dataclass(frozen=True)
class QuestionLookup:
    """The questions of a benchmark by a protocol, in the order of the question file, and their gold answers by id."""

    benchmark: str
    protocol: str
    files: Files
    questions: list[Question]
    gold: Mapping[str, JsonValue] = field(default_factory=dict)

    @cached_property
    def wordings(self) -> dict[str, set[str]]:
        """Return the prompts and stems of the question of each id, by any protocol, with single spaces."""
        texts: dict[str, set[str]] = {question.id: set() for question in self.questions}
        for question in [*self.questions, *self._otherwise()]:
            if question.id in texts:
                texts[question.id] |= {text for text in (plain(question.prompt), plain(question.stem)) if text}
        return texts

    @cached_property
    def by_text(self) -> dict[str, set[str]]:
        """Return the ids of the questions by their wordings, the lines of these, and their stems."""
        ids: dict[str, set[str]] = defaultdict(set)
        for question in [*self.questions, *self._otherwise()]:
            if question.id in self.wordings:
                for text in (question.prompt, question.stem, *question.prompt.split("\n")):
                    ids[plain(text)].add(question.id)
        ids.pop("", None)
        return dict(ids)

    @cached_property
    def words_are_equal(self) -> bool:
        """Return whether there are several questions, all with the same prompt: only their images differ."""
        return len(self.questions) > 1 and len({question.prompt for question in self.questions}) == 1

    @cached_property
    def most_words(self) -> int:
        """Return how many words the longest of these texts has."""
        return max((text.count(" ") + 1 for text in self.by_text), default=0)

    @cached_property
    def by_name(self) -> dict[str, set[str]]:
        """Return the ids of the questions by every name that files of answers give them.

        They are the id, that in LLaVA's records, and the benchmark's `other_ids`, if it has any.
        """
        module = load_benchmark(self.benchmark, self.protocol)
        ids: dict[str, set[str]] = defaultdict(set)
        for question in self.questions:
            others = getattr(module, "other_ids", lambda question: ())(question)
            for name in (question.id, str(question.record.get("question_id", question.id)), *others):
                ids[name].add(question.id)
        return dict(ids)

    @cached_property
    def by_image(self) -> dict[str, set[str]]:
        """Return the ids of the questions by the names of their images without folders; "" is no image."""
        ids: dict[str, set[str]] = defaultdict(set)
        for question in self.questions:
            for image in question.images or ("",):
                ids[PurePosixPath(image).name].add(question.id)
        return dict(ids)

    @cached_property
    def by_id(self) -> dict[str, Question]:
        """Return the questions by their ids."""
        return {question.id: question for question in self.questions}

    @cached_property
    def alone(self) -> set[str]:
        """Return the ids of the questions that share their cluster with no other: no metric of a group counts them."""
        module = load_benchmark(self.benchmark, self.protocol)
        clusters: dict[str, list[str]] = defaultdict(list)
        for question in self.questions:
            clusters[module.cluster(question)].append(question.id)
        return {names[0] for names in clusters.values() if len(names) == 1}

    def is_worded(self, identifier: str, text: str) -> bool:
        """Return whether a text, with single spaces, is a wording of a question, or a part or a beginning of one.

        Where several questions have the same words, as all captions have, words deny no question.
        """
        if self.words_are_equal:
            return True
        return any(wording in text or text in wording for wording in self.wordings[identifier])

    def _otherwise(self) -> list[Question]:
        """Return the questions as the other protocols ask them; one that cannot read the files asks nothing."""
        module = load_benchmark(self.benchmark, self.protocol)
        questions: list[Question] = []
        for protocol in module.PROTOCOLS:
            try:
                questions += module.questions(self.files, protocol) if protocol != self.protocol else []
            except PipelineError:
                continue
        return questions


def plain(text: str) -> str:
    """Return a text with single spaces between its words."""
    return " ".join(text.split())
