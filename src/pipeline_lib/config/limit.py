"""How much of its data a rehearsal uses: the key `limit` of a study."""

from typing import Self

from pydantic import Field, model_validator

from pipeline_lib.core.settings import Settings

MOST = 10**10  # rows or questions


class Limit(Settings):
    """How much of its data a rehearsal uses."""

    rows: int | None = Field(default=None, ge=1, le=MOST, description="rows of every table; none: all")
    questions: int | None = Field(
        default=None, ge=1, le=MOST, description="about as many questions of every benchmark; none: all"
    )

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.rows is None and self.questions is None:
            raise ValueError("give rows, questions or both")
        return self
