"""Start the programs of the workflow's tests in forks of a process that has loaded their libraries.

Imports of libraries are more than half of the time of these tests. `programs` returns a folder for PATH in which
`python`, `snakemake`, `vlmflow` and `dvc` are clients (`quick_client.py`) of two such processes: one has what planning
and light jobs import, the other, for the warm start of model jobs, has torch. Both are `job/warm_server.py` and never
load this package: a fork runs its program from the first line (`quick_program.py`), with the code of the copy under
test, in a process group of its own. Whoever ends a client ends its fork.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Collection

from pipeline_lib.job import warm_server, warm_start
from pipeline_lib.machine.numerics import NumericSettings

BIN = Path(sys.executable).parent
PROGRAMS = ("python", "snakemake", "vlmflow", "dvc")
LIGHT = (
    *("snakemake.cli", "smart_open", "typer", "pydantic", "ruamel.yaml", "jsonlines", "jinja2", "httpx2"),
    *("numpy", "pyarrow.compute", "pyarrow.parquet", "PIL.Image", "dvc.repo", "dvc.cli.parser"),
)

# No interpreter and no library reads these as it loads, so that a test may set them for a fork.
READ_LATER = frozenset({"PATH", "PYTHONPATH", "STUB_KEY", "DVC_STAGE", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY"})


def programs(variables: Collection[str]) -> str:
    """Return the part of PATH with the programs for a command for which a test sets these variables."""
    quick = hasattr(os, "pidfd_open") and READ_LATER.issuperset(variables)
    return f"{_clients()}{os.pathsep}{BIN}" if quick else str(BIN)


def python() -> str:
    """Return the Python that runs the workflow's scripts in forks, and all else itself."""
    return f"{programs(()).split(os.pathsep)[0]}/python"


def alone_once(folder: Path) -> str:
    """Return a PATH for one run of Snakemake in which the first job of every script loads its own libraries.

    Snakemake does too. `folder` is for this run alone.
    """
    folder.mkdir(exist_ok=True)
    scripts = (
        f'case "$2" in workflow_scripts/*) mkdir "{folder}/${{2##*/}}" 2> /dev/null && exec "{BIN}/python" "$@";; esac'
    )
    _write_program(folder / "python", f'{scripts}\nexec "{python()}" "$@"')
    return f"{folder}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}"


def jobs_alone(folder: Path) -> str:
    """Return a PATH in which only Snakemake runs in a fork; `folder` is a new one."""
    folder.mkdir()
    (folder / "snakemake").symlink_to(Path(python()).with_name("snakemake"))
    return f"{folder}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}"


def _write_program(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@cache
def _clients() -> Path:
    """Start the server of this process, with which it ends, and return a folder with its clients."""
    folder = Path(tempfile.mkdtemp(prefix="vlmflow-tests-"))
    atexit.register(shutil.rmtree, folder)
    name = f"vlmflow-tests-{os.getpid()}"
    start = [sys.executable, "-P", warm_server.__file__, name, str(os.getpid())]
    numerics = NumericSettings(threads=1, numerics="portable").variables()  # as a job sets them before it imports
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | numerics
    null = subprocess.DEVNULL
    subprocess.run([*start, *LIGHT], stdin=null, stdout=null, stderr=null, env=environment, check=True)
    run, client = (Path(__file__).with_name(f"quick_{part}.py") for part in ("program", "client"))
    servers = {"light": name, "start": start, "torch": [*LIGHT, *warm_start.LOADED]}
    (folder / "servers.json").write_text(json.dumps({**servers, "programs": str(BIN), "run": str(run)}))
    for program in PROGRAMS:
        _write_program(folder / program, f'exec "{sys.executable}" -ISB "{client}" "{folder}" {program} "$@"')
    return folder
