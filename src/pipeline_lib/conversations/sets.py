"""Annotation sets: the rows of several files as one table, as InternVL's meta files list them.

Source of the rules: OpenGVLab/InternVL 2410d1d, `internvl_chat/internvl/train/internvl_chat_finetune.py`. There
`length` informs alone; here it must be right.
"""

import posixpath
from pathlib import Path
from typing import Any, Callable, Mapping, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from pipeline_lib.conversations.row_faults import named_images
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.settings import Settings
from pipeline_lib.prompts.base import IMAGE

MOST = 10_000  # repetitions of a file
KEYS = "annotation, root, repeat_time, length, data_augment"


class AnnotationSet(Settings):
    """One file of rows: where their images are, and how often each row counts."""

    annotation: str = Field(
        min_length=1,
        description="the file of its rows in the dataset, LLaVA JSON or JSONL: its path, or its name if only one file "
        "has it",
    )
    root: str = Field(default="", description="the folder of its images, before every row's path")
    repeat_time: float = Field(
        default=1, gt=0, le=MOST, description="how often its rows occur; below 1, the share of its rows, the first ones"
    )
    length: int | None = Field(
        default=None, ge=0, description="the number of its rows: another number is an error; none: unchecked"
    )
    data_augment: bool = Field(
        default=False,
        description="whether JPEG degrades its images at random; true is an error, as nothing does so",
    )

    @field_validator("data_augment")
    @classmethod
    def _as_they_are(cls, augment: bool) -> bool:
        if augment:
            raise ValueError("data_augment: true degrades images at random, which no training here does; write false")
        return augment

    @model_validator(mode="after")
    def _whole_times(self) -> Self:
        if self.repeat_time > 1 and self.repeat_time != int(self.repeat_time):
            raise ValueError(f"repeat_time {self.repeat_time} is neither a share of the rows nor a whole number")
        return self

    def repeated(self, rows: list[dict[str, Any]], where: Path) -> list[dict[str, Any]]:
        """Return the rows as often as they occur; PipelineError if their number is not `length`, or if none is left.

        A set with `length: 0` may be empty.
        """
        if self.length not in (None, len(rows)):
            what = f"this annotation file has {len(rows):,} rows, its set says {self.length:,}"
            raise PipelineError(what, where=where, cure="correct `length`, or take the file that it describes")
        if self.length != 0 and int(len(rows) * self.repeat_time) == 0:
            what = f"this set adds no row to its table: {self.repeat_time:g} of {len(rows):,} rows"
            raise PipelineError(what, where=where, cure="raise `repeat_time`, mend the file, or remove the set")
        if self.repeat_time < 1:
            return rows[: int(len(rows) * self.repeat_time)]
        return rows * int(self.repeat_time)

    def placed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return a row with its images below `root`, and `<image>` before its first turn if no turn shows its image."""
        paths = [self._below_root(path) for path in named_images(raw)]
        if not paths:
            return raw
        image = paths if isinstance(raw["image"], list) else paths[0]
        return {**raw, "image": image, **_with_placeholder(raw, len(paths))}

    def _below_root(self, path: Any) -> Any:
        return posixpath.normpath(posixpath.join(self.root, path)) if isinstance(path, str) and path.strip() else path


Sets = Mapping[str, AnnotationSet]


def read_sets(content: dict[str, Any], path: Path) -> dict[str, AnnotationSet]:
    """Return the sets of a meta file; PipelineError for one without sets, or with a fault in one."""
    sets: dict[str, AnnotationSet] = {}
    for name, entry in content.items():
        try:
            sets[name] = AnnotationSet.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, (name, *first["loc"])))
            cure = f"a set has the keys {KEYS}"
            raise PipelineError(first["msg"], where=f"{path}, {key}", value=first["input"], cure=cure) from error
    if not sets:
        raise PipelineError("expected a list of conversations, or annotation sets", where=path, value=content)
    return sets


def annotation_path(annotation: str, find: Callable[[str], Path], names: list[str]) -> Path:
    """Return the file of an annotation by its path among the `names` of a dataset, or else by its own name.

    The published meta files name a folder that their archives may lack. PipelineError if several files have the name.
    """
    if annotation in names:
        return find(annotation)
    alike = [name for name in names if posixpath.basename(name) == posixpath.basename(annotation)]
    if len(alike) != 1:
        raise PipelineError(
            f"expected one file of this name in the dataset, not {len(alike)}", value=annotation,
            where="annotation", cure=f"state its path: {', '.join(alike) or 'one of ' + ', '.join(names[:5])}",
        )  # fmt: skip
    return find(alike[0])


def _with_placeholder(raw: dict[str, Any], images: int) -> dict[str, Any]:
    """Return the turns with the placeholder of a single image, if none has it; else, or for no turns, nothing."""
    turns = raw.get("conversations")
    if images != 1 or not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)):
        return {}
    if any(IMAGE in turn["value"] for turn in turns):
        return {}
    return {"conversations": [{**turns[0], "value": f"{IMAGE}\n{turns[0]['value']}"}, *turns[1:]]}


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("value"), str)
