"""Published figures of models, and the documents that have them; each benchmark module states its own in `PUBLISHED`.

A module also states in `ROWS_SEEN` what of its real data this project was checked on: without it, nothing.
"""

from dataclasses import dataclass
from typing import Iterator, Literal

RowsSeen = Literal["recorded", "yes", "no"]

RECORDED: RowsSeen = "recorded"  # real questions with the recorded answers of a model, and the official number for them
REAL_ROWS: RowsSeen = "yes"  # real rows of the files, without an official number for answers to them
NO_ROWS: RowsSeen = "no"  # the form of the files is known from code that reads them


@dataclass(frozen=True)
class Document:
    """A table of published figures: where it is, and its models in the order of its rows."""

    source: str
    models: tuple[str, ...]


LLAVA_ZOO = Document(
    "haotian-liu/LLaVA c121f04, docs/MODEL_ZOO.md",
    ("llava15_7b", "llava15_13b", "llava15_7b_lora", "llava15_13b_lora"),
)
INTERNVLS = ("internvl11", "internvl12", "internvl12_plus")
INTERNVL_README = Document("OpenGVLab/InternVL 7725e00, internvl_chat/README.md", INTERNVLS)
INTERNVL_LEGACY_README = Document(  # by language model and resolution; those of the first two are frozen
    "OpenGVLab/InternVL 7725e00, internvl_chat/README.md, Legacy Models",
    ("internvl_vicuna7b_224", "internvl_vicuna13b_224", "internvl_vicuna13b_336"),
)


@dataclass(frozen=True)
class Published:
    """The figures of a document for one metric of a benchmark: one a model, None where the document has none.

    A figure is `times` the `metric` that this project computes by `protocol` on `split`, with one decimal. With
    `server`, only a server with hidden gold answers computes it. `trained_on` are the models that have seen the
    benchmark's training set.
    """

    document: Document
    protocol: str
    metric: str
    split: str
    values: tuple[float | None, ...]
    trained_on: tuple[str, ...] = ()
    times: float = 100
    server: bool = False

    def by_model(self) -> Iterator[tuple[str, float]]:
        """Yield every model with its figure."""
        for model, value in zip(self.document.models, self.values, strict=True):
            if value is not None:
                yield model, value
