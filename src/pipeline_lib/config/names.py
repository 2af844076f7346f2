"""Names in a study: of the entries of its parts, and references to them in other entries."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

NAME = r"^[a-z0-9][a-z0-9_-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


@dataclass(frozen=True)
class Ref:
    """Annotation for a name of an entry of one of these parts of the study.

    Checks, rehearsals and orders of trainings follow the references in a study by this annotation alone. `images` are
    datasets whose images are read, so they must be converted, and a rehearsal may fetch only some of them.
    """

    parts: tuple[str, ...]
    images: bool = False

    @property
    def kind(self) -> str:
        """Return what the name should be, for messages."""
        return " or ".join("weights" if part == "weights" else part.removesuffix("s") for part in self.parts)


DatasetName = Annotated[Name, Ref(("datasets",))]
ImagesName = Annotated[Name, Ref(("datasets",), images=True)]
TableName = Annotated[Name, Ref(("tables",))]
SubsetName = Annotated[Name, Ref(("subsets",))]
WeightsName = Annotated[Name, Ref(("weights",))]
ModelName = Annotated[Name, Ref(("weights", "trainings"))]
BenchmarkName = Annotated[Name, Ref(("benchmarks",))]
