"""Run a program in a fork of a process with loaded libraries: `quick_program.py PYTHON -P|"" SCRIPT ARGUMENT…`.

PYTHON is what the program shall start in place of this interpreter.
"""

import atexit
import os
import runpy
import sys
import threading
from pathlib import Path


def run(script: str, safe_path: bool) -> None:
    """Run a script from its first line, with the path that a new interpreter would have; do as one at its end."""
    first = [] if safe_path else [str(Path(script).parent.absolute())]
    first += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = first + [path for path in sys.path if Path(path).is_absolute()]  # Snakemake's import adds another
    code: object = None
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        code = error.code
        if not isinstance(code, int | None):
            raise
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code or 0)  # an interpreter would free what it has loaded, which takes as long as many a job


if __name__ == "__main__":
    _, sys.executable, flag, *sys.argv = sys.argv
    run(sys.argv[0], safe_path=flag == "-P")
