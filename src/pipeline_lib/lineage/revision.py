"""The records of a git revision, from DVC's cache: the ledger that `vlmflow dvc commit` stores."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import write_text
from pipeline_lib.lineage.dvc.stored_records import FILE
from pipeline_lib.lineage.records import Records
from pipeline_lib.machine.commands import ask

CACHE = Path(".dvc/cache/files/md5")
CURE = "fetch them: dvc fetch --all-commits records.dvc"


def is_revision(name: str) -> bool:
    """Return whether git knows a commit of this name here."""
    return bool(name) and not ask("git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", seconds=20)[1]


def records_of(revision: str, folder: Path) -> Records:
    """Return the records of a revision, written into an empty folder; absent ones raise PipelineError with the cure."""
    text, fault = ask("git", "show", f"{revision}:{FILE}", seconds=20)
    if fault:
        cure = "records are under git and DVC from `vlmflow dvc commit` on; name a later revision"
        raise PipelineError(f"this revision has no {FILE}", value=revision, cure=cure)
    content: Any = YAML(typ="safe", pure=True).load(text)
    outs = content.get("outs") if isinstance(content, dict) else None
    digest = outs[0].get("md5") if isinstance(outs, list) and outs and isinstance(outs[0], dict) else None
    if not isinstance(digest, str):
        cure = "commit them: dvc commit records.dvc, then git"
        raise PipelineError(f"{FILE} of this revision names no records", value=revision, cure=cure)
    for entry in json.loads(_cached(digest, revision)):
        target = folder / entry["relpath"]
        if not target.resolve().is_relative_to(folder.resolve()):
            raise PipelineError(
                "a record's path leads out of the project", where=f"{revision}:{FILE}", value=str(target)
            )
        write_text(target, _cached(entry["md5"], revision))
    return Records(folder)


def _cached(digest: str, revision: str) -> str:
    path = CACHE / digest[:2] / digest[2:]
    if not path.is_file():
        raise PipelineError(f"records of {revision} are not in DVC's cache", where=path, cure=CURE)
    return path.read_text(encoding="utf-8")
