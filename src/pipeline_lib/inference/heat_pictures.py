"""Pictures of what in an image makes it near to a text, for the eye; a list beside them says how they were made."""

from pathlib import Path
from typing import Any, Sequence

from pipeline_lib.core.digests import digest_file
from pipeline_lib.engines.base import AnswerSettings
from pipeline_lib.images.heat import panels
from pipeline_lib.images.pixels import PixelRule
from pipeline_lib.inference.ask import reader_of

PREFIX = "gradcam_"  # of the pictures' names, as in the original
LONGEST = 200  # bytes of an image's name in that of its picture, which may have 255


def draw_heat(
    model: Path,
    texts: Sequence[str],
    target: int | None,
    files: Sequence[Path],
    pixels: PixelRule,
    how: AnswerSettings,
    temporary: Path,
    output: Path,
) -> list[dict[str, Any]]:
    """Write a picture of each image file into a folder, and return what it shows.

    `model` is a CLIP's folder, `target` the text that the heat is about, by default each image's nearest one. The
    folder `temporary` is empty.
    """
    from pipeline_lib.models.clip import open_clip
    from pipeline_lib.models.determinism import make_deterministic
    from pipeline_lib.models.grad_cam import grad_cam
    from pipeline_lib.models.portable import operations

    images, names = reader_of(files, pixels, temporary)
    clip = open_clip(model)
    make_deterministic(seed=0, threads=how.threads, device=how.device)
    clip.model.eval().to(how.device)
    tokens, rows = clip.encode_classes(texts), []
    for number, (file, name) in enumerate(zip(files, names, strict=True)):
        image = images.open(name, images.row(name).pin)
        with operations(how.numerics):
            cam = grad_cam(clip, tokens, clip.show(image).to(how.device), target)
        picture = f"{PREFIX}{number:03d}_{_beginning(file.stem)}.png"
        panels(image, cam.heat).save(output / picture)
        nearest = max(range(len(texts)), key=cam.probabilities.__getitem__)
        row = {"picture": picture, "image": file.as_posix(), "sha256": digest_file(file), "target": cam.target}
        rows.append({**row, "nearest": nearest, "probabilities": cam.probabilities})
    return rows


def _beginning(name: str) -> str:
    return name.encode("utf-8", "backslashreplace")[:LONGEST].decode("utf-8", "ignore")
