"""How a server is reached and how much may be spent on it; no answer depends on it."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipeline_lib.core.secrets import SECRET, may_be_secret, names_secret
from pipeline_lib.core.settings import Settings

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLACES = ("/", "~", "site:")  # how the path of a file outside the project begins
NEVER = "never write the key itself"
MILLION = 10**6


def without_keys(settings: object, names: tuple[str, ...] = ()) -> object:
    """Return settings as they are written; a name like a key's, outside `names`, is a validation error."""
    for name in settings if isinstance(settings, dict) else ():
        if names_secret(str(name)) and name not in names:
            raise PydanticCustomError(SECRET, f"`{name}` would hold a key; {NEVER}: `access.key` names its variable")
    return settings


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

    @model_validator(mode="before")
    @classmethod
    def _holds_no_key(cls, settings: object) -> object:
        return without_keys(settings, ("key",))

    @field_validator("key")
    @classmethod
    def _names_a_variable(cls, key: str | None) -> str | None:
        if key is not None and (not VARIABLE.fullmatch(key) or may_be_secret(key)):
            raise PydanticCustomError(SECRET, f"this is no name of an environment variable; {NEVER}")
        return key

    @field_validator("key_file")
    @classmethod
    def _names_a_file(cls, path: str | None) -> str | None:
        if path is not None and (not path.startswith(PLACES) or may_be_secret(path.rpartition("/")[2])):
            what = f"this is no path of a file outside the project, such as ~/.keys/provider; {NEVER}"
            raise PydanticCustomError(SECRET, what)
        return path

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        if self.budget.money is not None and self.prices is None:
            raise ValueError("a budget of money needs `prices`")
        return self
