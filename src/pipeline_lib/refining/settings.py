"""Settings of `vlmflow refine`: whose first answers are refined, by which model, into which sections."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from pipeline_lib.core.settings import Settings
from pipeline_lib.endpoints.settings import EndpointSettings

PROMPT = """\
A question, and the answer of another model to it, which may be wrong or incomplete.

Question: {question}

Answer: {answer}

Compare the answer with the question and the image. Then write a better answer in these sections, each once, in this \
order, and nothing outside of them: {sections}
Do not mention that there was another answer."""
SECTIONS = ["SUMMARY", "CAPTION", "REASONING", "CONCLUSION"]  # of LLaVA-CoT's answers
FIELD = re.compile(r"\{(question|answer|sections)\}")


class First(Settings):
    """Whose answers are refined: those of a run to a benchmark of the study, or those in the rows of a table."""

    run: str | None = Field(default=None, description="a run of the study, whose answers to `benchmark` are refined")
    benchmark: str | None = Field(default=None, description="the benchmark that it has answered")
    table: str | None = Field(
        default=None,
        description="instead, a table of the study: its rows begin with question and answer",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.run is None) != (self.benchmark is None) or (self.table is None) == (self.run is None):
            raise ValueError("give run and benchmark, or table alone")
        return self


class RefineSettings(EndpointSettings):
    """The settings in the file of `vlmflow refine`."""

    study: str = Field(default="config", description="the study: NAME for studies/NAME.yaml")
    first: First = Field(description="whose answers are refined")
    model: str = Field(min_length=1, description="the model that refines them, as the server names it")
    review: str = Field(
        min_length=1, description="the second question of every conversation; `{question}` in it is the first one"
    )
    after: str | None = Field(
        default=None, min_length=1, description="the first answers end behind this text; none: they are whole"
    )
    prompt: str = Field(
        default=PROMPT,
        description="what the model is sent with the image: `{question}`, `{answer}` and `{sections}` stand for these",
    )
    sections: list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]] = Field(
        default=SECTIONS, min_length=1, description="the tags of a refined answer, each once, in this order"
    )
    tries: int = Field(default=3, ge=1, le=20, description="replies to a request until one has these sections")
    max_tokens: int = Field(default=2048, gt=0, le=1_000_000, description="the longest reply, its reasoning included")
    temperature: float = Field(default=0, ge=0, le=2, description="0: the likeliest reply")
    seed: int = Field(default=0, ge=0, lt=2**63, description="seed of the draws, where the temperature is above 0")

    @field_validator("prompt")
    @classmethod
    def _shows_both(cls, prompt: str) -> str:
        for name in ("{question}", "{answer}"):
            if name not in prompt:
                raise ValueError(f"the prompt shows no {name}")
        return prompt

    def request(self, question: str, answer: str) -> str:
        """Return what the model is sent about a first answer."""
        sections = " ".join(f"<{tag}> … </{tag}>" for tag in self.sections)
        texts = {"question": question, "answer": answer, "sections": sections}
        return FIELD.sub(lambda match: texts[match[1]], self.prompt)

    def second(self, question: str) -> str:
        """Return the second question of a conversation."""
        return self.review.replace("{question}", question)
