"""What the user compares: a file, a run, a study, a folder of another clone, a git revision, or a result of one."""

from pathlib import Path

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.revision import is_revision, records_of
from pipeline_lib.lineage.side import Side, side_of_file, side_of_results

TOPS = ("results", "data")  # the folders of artefacts in a project
NAMED = 12  # names in a cure
KINDS = "a file, a run, a study, a folder of another clone, or REVISION[:FILE]"


def open_sides(texts: tuple[str, str], study: str | None, scratch: Path) -> tuple[Side, Side]:
    """Return the sides that two texts name; the records of this project are read once."""
    here = Records(Path())
    first, second = (open_side(text, study, scratch / str(number), here) for number, text in enumerate(texts))
    return first, second


def open_side(text: str, study: str | None, scratch: Path, here: Records) -> Side:
    """Return the side that a text names, in this project's records or others.

    Records of a git revision are written into the folder `scratch`. A text that names nothing raises PipelineError.
    """
    reference = Reference.parse(text)
    path = reference.path
    if path.is_dir() and any((path / top).is_dir() for top in TOPS):
        return side_of_results(text, Records(path))
    for depth, part in enumerate(path.parts):
        if part in TOPS and depth and (root := Path(*path.parts[:depth])).is_dir():
            return side_of_file(text, Records(root), Reference(path.relative_to(root), reference.names))
    if "/" not in text and ":" not in text and not path.exists():
        from pipeline_lib.cli.study_sides import named_side  # the code of studies is slow to import

        side = named_side(text, study, here)
        if side is not None:
            return side
    revision, colon, file = str(path).partition(":")
    if (colon or not path.exists()) and is_revision(revision):
        records = records_of(revision, scratch)
        inside = Reference(Path(file), reference.names)
        return side_of_file(text, records, inside, files=False) if file else side_of_results(text, records, files=False)
    if "/" not in text and not path.exists():
        from pipeline_lib.cli.study_sides import names_in

        known = names_in(study)
        cure = suggest(text, known, f"name {KINDS}; names here: {', '.join(known[:NAMED])}")
        raise PipelineError("nothing of this name can be compared", value=text, cure=cure)
    return side_of_file(text, here, reference)
