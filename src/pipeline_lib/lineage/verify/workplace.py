"""The clean folder of a second execution: links to the recorded inputs, a copy of the code, and nothing else."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import remove, write_text
from pipeline_lib.job.code.digest import SOURCE, code_digest
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX, read_entries
from pipeline_lib.lineage.ancestors import ancestors
from pipeline_lib.lineage.records import Records
from pipeline_lib.machine.commands import ask

FOLDER = Path(".vlmflow/verify")
SCRIPTS = Path("workflow_scripts")
CODE = ("src", SCRIPTS.as_posix())  # of a commit
BESIDE = ("requirements.lock", "studies/pins.lock", "site.yaml")  # files of the project that jobs read by name
READY = "ready"  # in the folder once it is complete; its text says which code it has
DIGEST = (
    "import sys; from pathlib import Path; from pipeline_lib.job.code.digest import code_digest; "
    "print(code_digest(Path(sys.argv[1]), *sys.argv[2:]))"
)


@dataclass(frozen=True)
class Workplace:
    """The folder, the code digest in it, and where its code comes from."""

    folder: Path
    code: str
    origin: str


def present_code(record: MadeRecord) -> str | None:
    """Return the digest of the working tree's code for a job, None where it lacks the script or a plug-in."""
    try:
        return code_digest(SCRIPTS / f"{record.stage}.py", *record.code.split()[1:])
    except (PipelineError, OSError):
        return None


def prepare(folder: Path, records: Records, record: MadeRecord) -> Workplace:
    """Return the workplace of a job in a folder, complete; one of an interrupted verification is used again."""
    ready = folder / READY
    if ready.is_file():
        code, _, origin = ready.read_text(encoding="utf-8").partition(" ")
        return Workplace(folder, code, origin)
    remove(folder)
    folder.mkdir(parents=True)
    code, origin = _put_code(folder, record)
    link_inputs(folder, records, record)
    write_text(ready, f"{code} {origin}")
    return Workplace(folder, code, origin)


def _put_code(folder: Path, record: MadeRecord) -> tuple[str, str]:
    """Put the recorded code into the folder, else the working tree's; return its digest and where it comes from."""
    recorded, present = record.code.split()[0], present_code(record)
    for name in BESIDE:
        if Path(name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, folder / name)
    if present == recorded:
        _copy_tree(folder)
        return recorded, "the working tree's, which is the recorded code"
    commit = record.making["repository"].get("commit")
    extracted = bool(commit) and _extract(folder, str(commit))
    if extracted and digest_in(folder, record) == recorded:
        return recorded, f"commit {str(commit)[:12]}"
    if present is None:
        cure = f"check out the commit that has it: {commit or 'the record names none'}"
        raise PipelineError("neither the working tree nor the recorded commit has this job's code", cure=cure)
    _copy_tree(folder)
    lacking = f"commit {str(commit)[:12]} {'has other code too' if extracted else 'is not here'}"
    lacking = lacking if commit else "the record names no commit"
    return present, f"the working tree's, which is not the recorded code; {lacking}"


def _copy_tree(folder: Path) -> None:
    for name in CODE:
        remove(folder / name)
    shutil.copytree(SOURCE / "pipeline_lib", folder / "src/pipeline_lib")
    shutil.copytree(SCRIPTS, folder / SCRIPTS)


def _extract(folder: Path, commit: str) -> bool:
    """Extract the code of a commit; return False where git has no such commit here."""
    if ask("git", "cat-file", "-e", f"{commit}^{{commit}}", seconds=20)[1]:
        return False
    prefix = ask("git", "rev-parse", "--show-prefix", seconds=20)[0].strip()
    tree = f"{commit}:{prefix.rstrip('/')}" if prefix else commit
    done = subprocess.run(["git", "archive", "--format=tar", tree, *CODE], capture_output=True, check=False)
    if done.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def digest_in(folder: Path, record: MadeRecord) -> str:
    """Return the digest of a job's code in a folder, as that code computes it; empty where it cannot."""
    script = (SCRIPTS / f"{record.stage}.py").as_posix()
    command = [sys.executable, "-P", "-c", DIGEST, script, *record.code.split()[1:]]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False, timeout=600
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of processes in a workplace: as this one, but with the code of the folder."""
    others = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str((folder / "src").absolute()), *([others] if others else [])]),
    }


def link_inputs(folder: Path, records: Records, record: MadeRecord) -> None:
    """Link the inputs of a job, what they were made from, and the further files that it reads."""
    outputs = [*record.inputs, *(made for name in _further(record) for made in _makers(records, name))]
    for above in ancestors(records, outputs):
        for name in above.outputs:
            _link(folder, records.root, Path(name))
            for top in _tops(records.root, Path(name)):
                _link(folder, records.root, top)
    for path in (*map(Path, outputs), *map(Path, _further(record)), *_local_source(record)):
        _link(folder, records.root, path)  # last: some lie in a linked folder


def _further(record: MadeRecord) -> list[str]:
    return [path for paths in record.files.values() for path in paths]


def _makers(records: Records, name: str) -> list[str]:
    """Return the output that has a file in it; empty where no record has it."""
    try:
        return [records.made(Path(name)).path]
    except PipelineError:
        return []


def _tops(root: Path, output: Path) -> set[Path]:
    """Return the files and folders beside a manifest that it lists; none where it is not here."""
    if not output.name.endswith(SUFFIX) or not (root / output).is_file():
        return set()
    try:
        return {output.parent / Path(entry.path).parts[0] for entry in read_entries(root / output)}
    except PipelineError:  # its listing is gone with its folder
        return set()


def _local_source(record: MadeRecord) -> list[Path]:
    """Return the source of a fetch job where that lies in the project."""
    source = record.settings.get("source")
    path = Path(str(source.get("path") or "/")) if record.stage == "fetch" and isinstance(source, dict) else Path("/")
    return [] if path.is_absolute() or ".." in path.parts or not path.parts else [path]


def _link(folder: Path, root: Path, name: Path) -> None:
    target = folder / name
    if (root / name).exists() and not target.exists() and not target.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to((root / name).absolute())
