"""How a server is reached and how much may be spent on it; no answer depends on it."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipeline_lib.core.settings import Settings

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET = "secret"  # the type of an error whose value is not shown
MILLION = 10**6


class Prices(Settings):
    """What a server takes for tokens, in the currency of the budget."""

    input: float = Field(ge=0, description="price of a million tokens of prompts")
    output: float = Field(ge=0, description="price of a million tokens of answers")

    def of(self, prompt: int, answer: int) -> float:
        """Return the price of some tokens."""
        return (self.input * prompt + self.output * answer) / MILLION


class Budget(Settings):
    """What one job may spend: the answers of a run to a benchmark, or the judgements of them."""

    tokens: int | None = Field(default=None, gt=0, description="most tokens of prompts and answers; none: no limit")
    money: float | None = Field(default=None, gt=0, description="most money, by `prices`; none: no limit")
    seconds: float | None = Field(
        default=None, gt=0, description="after as many seconds a start of the job sends nothing more; none: no limit"
    )


class Access(Settings):
    """The key, the pace and the budget of requests."""

    key: str | None = Field(
        default=None, description="environment variable that holds the key of the server; none: no key is sent"
    )
    key_file: str | None = Field(
        default=None, description="instead, a file outside the project that holds it: `~/...`, or `site:NAME/...`"
    )
    concurrency: int = Field(default=16, ge=1, le=1000, description="most requests at once; fewer where it is too fast")
    timeout: float = Field(default=120, gt=0, le=86_400, description="seconds until a request without a reply ends")
    attempts: int = Field(default=6, ge=1, le=100, description="attempts at a request before it counts as failed")
    first_wait: float = Field(
        default=1,
        ge=0,
        le=600,
        description="seconds before the second attempt, then doubled; Retry-After precedes",
    )
    budget: Budget = Field(default=Budget(), description="what one job may spend")
    prices: Prices | None = Field(default=None, description="prices of the model; a budget of money needs them")
    image_tokens: int = Field(
        default=1000, ge=0, le=MILLION, description="tokens of an image in estimates; replies say what it really took"
    )

    @field_validator("key")
    @classmethod
    def _names_a_variable(cls, key: str | None) -> str | None:
        if key is not None and not VARIABLE.fullmatch(key):
            raise PydanticCustomError(SECRET, "this is no name of an environment variable; never write the key itself")
        return key

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        if self.budget.money is not None and self.prices is None:
            raise ValueError("a budget of money needs `prices`")
        return self
