"""Whether a training changed the parameters that it trains, and no other: each is summed before it and after."""

from dataclasses import dataclass
from math import isfinite
from typing import Iterator, Mapping, Self

import torch

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.models.adapter import PREFIX
from pipeline_lib.training.task import Task, trained_parameters

SHOWN = 3  # names in an error
READ_IMAGES = ("projector", "vision")  # parts


@dataclass(frozen=True)
class Sums:
    """A parameter's type, sum and norm, the latter two in float64; a change of any value changes one of them."""

    dtype: torch.dtype
    total: float
    norm: float

    @classmethod
    def of(cls, parameter: torch.Tensor) -> Self:
        """Return the sums of a parameter."""
        values = parameter.detach()
        total = float(values.sum(dtype=torch.float64))
        return cls(values.dtype, total, float(torch.linalg.vector_norm(values, dtype=torch.float64)))


class Movement:
    """The sums of a task's parameters before its training; `images` says whether any of its rows shows one."""

    def __init__(self, task: Task, images: bool) -> None:
        self._task = task
        self._images = images
        self._before = {name: Sums.of(parameter) for name, parameter in task.model.named_parameters()}

    def check(self) -> None:
        """Raise PipelineError if a frozen parameter has moved, no trained one of a part, or one to what is not finite.

        The parameters must be whole. Those that DeepSpeed has converted to another type say nothing.
        """
        after = {name: Sums.of(parameter) for name, parameter in self._task.model.named_parameters()}
        alike = {name for name, sums in after.items() if sums.dtype == self._before[name].dtype}
        moved = {name for name in alike if after[name] != self._before[name]}
        trained = trained_parameters(self._task.model).keys()
        frozen = sorted(moved - trained)
        if frozen:
            what = f"this training moved {len(frozen)} parameters of frozen parts"
            raise PipelineError(what, value=frozen[:SHOWN], cure="report it: nothing of a study should do so")
        diverged = sorted(name for name in trained if not isfinite(after[name].norm))
        if diverged:
            what = f"{len(diverged)} trained parameters are not finite after the last step"
            raise PipelineError(what, value=diverged[:SHOWN], cure="lower the learning rate, or check the rows")
        for part, names in self._trained_by_part(trained & alike):
            if not names & moved:
                what = f"no parameter of the {part} has moved, and the recipe trains it"
                cure = "raise the learning rate or the steps, or take a recipe that leaves this part frozen"
                raise PipelineError(what, value=sorted(names)[:SHOWN], cure=cure)
        if trained & alike and not trained & moved:
            what = "this training changed no parameter"
            cure = "add rows that it learns from: of these none has an image"
            raise PipelineError(what, value=sorted(trained)[:SHOWN], cure=cure)

    def _trained_by_part(self, trained: set[str]) -> Iterator[tuple[str, set[str]]]:
        """Yield the trained parameters of every part that has some; all of them, for a task without parts.

        Parts that read images have nothing to learn from rows without any, and are left out then.
        """
        whole: Mapping[str, tuple[str, ...]] = {"model": ("",)}
        for part, prefixes in (self._task.parts or whole).items():
            names = {name for name in trained if name.removeprefix(PREFIX).startswith(prefixes)}
            if names and (self._images or part not in READ_IMAGES):
                yield part, names
