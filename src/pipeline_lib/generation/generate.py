"""Answers to a batch of rows, token by token; a question is done when its answer ends, whatever the others do.

A token sees what the questions of its row share and its own question, at the position that it would have alone: the
numbers are those of asking one by one, but for the order in which floats are added.
"""

from dataclasses import dataclass, field
from typing import Any, Collection, Literal, Mapping, Sequence

import numpy as np
import torch
from transformers import DynamicCache

from pipeline_lib.core.cutting import cut_behind
from pipeline_lib.generation.choice import Sampling, among, drawn, likeliest
from pipeline_lib.generation.keys import Keys, Token
from pipeline_lib.generation.plan import Row
from pipeline_lib.models.decode import decode
from pipeline_lib.models.family import Images, Step, Vlm, load_family

Stop = Literal["end", "length"]


@dataclass(frozen=True)
class Rules:
    """Which ids and texts end an answer, which ids are in none, and how ids are drawn; without it, the likeliest."""

    ends: frozenset[int]
    texts: tuple[str, ...] = ()
    suppressed: tuple[int, ...] = ()
    sampling: Sampling | None = None


@dataclass
class Answer:
    """An answer so far: its ids, an end included, and why it ended if it did; `draws` are its random numbers.

    It ends behind the text `until`. With `choices` it is one of these ids, and nothing else.
    """

    max_new_tokens: int
    draws: np.random.Generator | None = None
    until: str | None = None
    choices: tuple[int, ...] = ()
    ids: list[int] = field(default_factory=list)
    stop: Stop | None = None


@dataclass(frozen=True)
class Generator:
    """A model that answers batches of rows."""

    vlm: Vlm
    rules: Rules

    @torch.inference_mode()
    def answer(self, rows: Sequence[Row], images: Images, answers: Mapping[int, Answer]) -> None:
        """Complete the answers to all questions of a batch; `images` are the features of every row's images."""
        device = self.vlm.model.device
        cache = DynamicCache(config=self.vlm.model.config.get_text_config())
        shared = torch.tensor([row.shared for row in rows], device=device)
        if shared.shape[1]:
            self._read(Step(shared, cache, images, first=True))
        keys = Keys(len(rows), shared.shape[1], device)
        tokens = [_questions(row) for row in rows]
        alone = len(rows) == len(rows[0].rest) == 1  # the model's own mask is right, a window included
        while any(tokens):
            entered = keys.enter(tokens)
            visible = None if alone else entered.visible
            step = Step(entered.ids, cache, images, entered.positions, visible, first=not shared.shape[1])
            tokens = self._next(self._read(step), tokens, answers)

    def _read(self, step: Step) -> torch.Tensor:
        return load_family(self.vlm.card.family).hidden_states(self.vlm, step)

    def _next(
        self, hidden: torch.Tensor, tokens: list[list[Token]], answers: Mapping[int, Answer]
    ) -> list[list[Token]]:
        """Add an id to every answer whose question has tokens here, and return those of the answers that continue."""
        last = {token.question: (row, column) for row, line in enumerate(tokens) for column, token in enumerate(line)}
        cells = list(last.values())
        logits = self._logits(hidden[[row for row, _ in cells], [column for _, column in cells]])
        continuing: list[list[Token]] = [[] for _ in tokens]
        for (number, (row, column)), new in zip(last.items(), self._choose(logits, last, answers), strict=True):
            answer = answers[number]
            answer.ids.append(new)
            answer.stop = self._stop(answer)
            if answer.stop is None:
                continuing[row].append(Token(number, new, tokens[row][column].position + 1))
        return continuing

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        head: Any = self.vlm.model.get_output_embeddings()
        logits: torch.Tensor = head(hidden)
        logits[:, list(self.rules.suppressed)] = -torch.inf
        return logits

    def _choose(self, logits: torch.Tensor, numbers: Collection[int], answers: Mapping[int, Answer]) -> list[int]:
        for row, number in enumerate(numbers):
            if answers[number].choices:
                logits[row] = among(logits[row], answers[number].choices)
        if self.rules.sampling is None:
            return likeliest(logits)
        draws = [answers[number].draws for number in numbers]
        return drawn(logits, [draw.random() for draw in draws if draw is not None], self.rules.sampling)

    def _stop(self, answer: Answer) -> Stop | None:
        """Return why an answer ends with its last id, None if it does not."""
        if answer.choices:
            return "end"
        texts = self.rules.texts if answer.until is None else (*self.rules.texts, answer.until)
        if answer.ids[-1] in self.rules.ends or any(end in self._decoded(answer) for end in texts):
            return "end"
        return "length" if len(answer.ids) == answer.max_new_tokens else None

    def _decoded(self, answer: Answer) -> str:
        return decode(self.vlm.tokens.tokenizer, answer.ids)

    def text(self, answer: Answer) -> str:
        """Return the text of an answer without control tokens, without spaces around, up to a text that ends it.

        Of such texts, only `until` is in the answer.
        """
        text = self._decoded(answer)
        ends = [start for end in self.rules.texts if (start := text.find(end)) >= 0]
        return cut_behind(text[: min(ends, default=len(text))], answer.until).strip()


def _questions(row: Row) -> list[Token]:
    return [
        Token(number, token, len(row.shared) + offset)
        for number, ids in row.rest.items()
        for offset, token in enumerate(ids)
    ]
