"""What is missing or altered of all that was made."""

from pathlib import Path

from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.manifest import SUFFIX, read_entries
from pipeline_lib.lineage.collect import Records


def faults(records: Records, deep: bool) -> list[str]:
    """Return a line for every file that is missing or not as it was made; `deep` reads all bytes anew."""
    found = []
    for made in records.all():
        path = Path(made.path)
        if made.altered:
            found.append(f"{made.path}: {made.altered}")
        elif path.name.endswith(SUFFIX):
            found += _of_manifest(path, records, deep)
    return found


def _of_manifest(manifest: Path, records: Records, deep: bool) -> list[str]:
    try:
        entries = read_entries(manifest)
    except PipelineError as error:
        return [f"{manifest}: {str(error).splitlines()[0]}"]
    paths = {manifest.parent / entry.path: entry.sha256 for entry in entries}
    missing = [path for path in paths if not path.is_file()]
    present = [path for path in paths if path.is_file()]
    digests = [digest_file(path) for path in present] if deep else records.digests(present)
    altered = [path for path, digest in zip(present, digests, strict=True) if digest != paths[path]]
    return [f"{path}: missing" for path in missing] + [f"{path}: altered since" for path in altered]
