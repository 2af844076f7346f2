"""The inspect_images stage: all rows of a CLIP training must have one image, those of a language model's none."""

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.preview.settings import InspectImagesSettings
from pipeline_lib.preview.verdict import SCHEMA, Verdict

SHOWN = 5  # rows that a refusal names


def images_verdict(rows: list[Conversation], settings: InspectImagesSettings) -> Verdict:
    """Return the verdict on a training's rows: a refusal if any has another number of images than is trained on."""
    other = [f"row {row.row}" for row in rows if len(row.images) != int(settings.images)]
    return {"schema": SCHEMA, "left_out": [], "longest": None, "refused": _refusal(other, len(rows), settings.images)}


def _first(rows: list[str]) -> str:
    return ", ".join(rows[:SHOWN]) + (", …" if len(rows) > SHOWN else "")


def _refusal(other: list[str], rows: int, images: bool) -> dict[str, str] | None:
    if rows and not other:
        return None
    lack, model = ("no image, or several", "CLIP model") if images else ("an image", "language model")
    return {
        "what": f"{len(other):,} of {rows:,} rows have {lack}: a {model} cannot be trained on them",
        "value": _first(other) if rows else "there is no row",
        "cure": f"give the training a subset of a table whose rows all have {'one' if images else 'no'} image",
    }
