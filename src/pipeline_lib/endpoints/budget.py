"""What a job has spent on a server and may still spend, over all starts of the job."""

import asyncio
import time
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any, Iterable

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.job.saved_rows import SavedRows

BYTES_A_TOKEN = 4  # of a text, in estimates
CURE = "run the same command again with a larger `access.budget.{limit}`: what was replied is saved"


@dataclass(frozen=True)
class Tokens:
    """Tokens of prompts and of answers."""

    prompt: int
    answer: int

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.answer + other.answer)

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt - other.prompt, self.answer - other.answer)

    @property
    def total(self) -> int:
        """Return all tokens."""
        return self.prompt + self.answer


NOTHING = Tokens(0, 0)


def tokens_in(text: str) -> int:
    """Return an estimate of the tokens in a text."""
    return ceil(len(text.encode("utf-8", "replace")) / BYTES_A_TOKEN)


def total(tokens: Iterable[Tokens]) -> Tokens:
    """Return the sum of tokens."""
    return sum(tokens, NOTHING)


class Ledger:
    """The tokens that a job has spent, saved in its state; those of requests without a reply yet are reserved."""

    def __init__(self, access: Access, path: Path) -> None:
        self._access, self._path = access, path
        self._budget, self._prices = access.budget, access.prices
        self._rows = SavedRows(path, _spent)
        self.spent = total(self._rows.earlier)
        self._reserved = NOTHING
        self._began = time.monotonic()
        self._settled = asyncio.Condition()

    async def reserve(self, most: Tokens) -> None:
        """Reserve what a request may take; wait for others if too much is reserved.

        PipelineError if the budget has not so much left.
        """
        async with self._settled:
            while (limit := self._exceeded(most)) is not None:
                if limit == "seconds" or self._reserved == NOTHING:
                    raise self._used_up(limit, most)
                await self._settled.wait()
            self._reserved += most

    async def settle(self, reserved: Tokens, spent: Tokens) -> None:
        """Replace a reservation by what the request took."""
        async with self._settled:
            self._reserved -= reserved
            if spent != NOTHING:
                self.spent += spent
                self._rows.add(asdict(spent))
            self._settled.notify_all()

    def close(self) -> None:
        """Spend no more."""
        self._rows.close()

    def reopened(self) -> "Ledger":
        """Return the ledger, after it was closed, for further requests of the same start of the job."""
        ledger = Ledger(self._access, self._path)
        ledger._began = self._began
        return ledger

    def price(self, tokens: Tokens) -> float | None:
        """Return the price of tokens, None without prices."""
        return None if self._prices is None else self._prices.of(tokens.prompt, tokens.answer)

    def text(self, tokens: Tokens) -> str:
        """Return tokens and their price for a message."""
        price = self.price(tokens)
        return f"{tokens.prompt:,} + {tokens.answer:,} tokens" + ("" if price is None else f", {price:.4g} of money")

    def _exceeded(self, more: Tokens) -> str | None:
        """Return the limit that a further request would exceed, None if there is room for it."""
        needed = self.spent + self._reserved + more
        price = self.price(needed)
        if self._budget.tokens is not None and needed.total > self._budget.tokens:
            return "tokens"
        if self._budget.money is not None and price is not None and price > self._budget.money:
            return "money"
        late = self._budget.seconds is not None and time.monotonic() - self._began > self._budget.seconds
        return "seconds" if late else None

    def _used_up(self, limit: str, more: Tokens) -> PipelineError:
        value = f"{getattr(self._budget, limit)}; spent so far: {self.text(self.spent)}"
        if limit != "seconds":
            value += f"; the next request may take {self.text(more)}"
        cure = CURE.format(limit=limit) if limit != "seconds" else "run the same command again: it continues"
        return PipelineError(f"the budget of {limit} is used up", where="access.budget", value=value, cure=cure)


def _spent(where: str, content: dict[str, Any]) -> Tokens:
    return Tokens(**content)
