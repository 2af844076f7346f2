"""A job executed again in a workplace, by the command line that its record states."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import SUFFIX
from pipeline_lib.job.program import REUSE_OFF
from pipeline_lib.job.warm_start import SERVED
from pipeline_lib.lineage.verify.workplace import SCRIPTS, Workplace, environment

LAST = 300  # characters of what a job printed last


@dataclass(frozen=True)
class Rerun:
    """The record of a second execution; None with the fault where it did not succeed."""

    record: MadeRecord | None
    fault: str


def rerun(place: Workplace, record: MadeRecord) -> Rerun:
    """Execute the job of a record in a workplace; an interruption lets it save its state, and is raised again."""
    printed = place.folder / "printed.txt"
    path = place.folder / str(record.path)
    path.unlink(missing_ok=True)
    with printed.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command_of(record, place.code),
            cwd=place.folder,
            env={name: text for name, text in environment(place.folder).items() if name not in (SERVED, REUSE_OFF)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait()
        except BaseException:  # an interruption: the job saves its state and ends
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    try:
        made = MadeRecord.read(path)
    except (OSError, PipelineError):
        return Rerun(None, printed.read_text(encoding="utf-8", errors="replace")[-LAST:].strip() or "it was killed")
    return Rerun(made, "") if made.succeeded else Rerun(None, str(made.error))


def command_of(record: MadeRecord, code: str) -> list[str]:
    """Return the command line of a job with its recorded settings and paths, and with the digest of the code to run."""
    paths = {**record.roles, **record.files}
    options = [word for name, values in paths.items() for word in (f"--{name}", *map(str, values or []))]
    options += [word for name, path in record.artefact.items() for word in (f"--{name}", path)]
    manifest = next((name for name in record.outputs if name.endswith(SUFFIX)), None)
    options += ["--manifest", manifest] if manifest else []
    name = Path(str(record.path)).with_suffix(".log").name
    stated = [f"--settings={canonical_json(record.settings)}", f"--code={' '.join([code, *record.code.split()[1:]])}"]
    where = ["--record", str(record.path), "--log", f"logs/{record.stage}/{name}"]
    return [sys.executable, "-P", f"{SCRIPTS}/{record.stage}.py", *options, *stated, *where]
