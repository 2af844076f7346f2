"""Run a program in a fork of a process with loaded libraries, as its client: `quick_client.py FOLDER PROGRAM ARGUMENT…`.

It sends what a process inherits, forwards signals, and ends as the fork ends. Where Python is to run anything but a
script of the workflow, and in a job of Slurm, which counts and ends its own processes, this process becomes the program.
It imports little, because it starts in place of every program.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

SERVER = "warm_server.py"
EACH_ITS_OWN = ("PATH", "PYTHONPATH", "PYTEST_CURRENT_TEST", "PWD", "OLDPWD", "SHLVL", "_")  # no library reads them


def main() -> None:
    """Run the program and exit with its exit code."""
    folder, program, *arguments = sys.argv[1:]
    servers = json.loads(Path(folder, "servers.json").read_text(encoding="utf-8"))
    safe_path = program == "python" and arguments[:1] == ["-P"]
    command = arguments[safe_path:] if program == "python" else [f"{servers['programs']}/{program}", *arguments]
    if "SLURM_JOB_ID" in os.environ or (program == "python" and not is_of_the_workflow(command)):
        start = [sys.executable] if program == "python" else [f"{servers['programs']}/{program}"]
        os.execv(start[0], [*start, *arguments])
    name = with_torch(servers) if command[0].endswith(SERVER) else servers["light"]
    sys.exit(run(name, [servers["run"], f"{folder}/python", "-P" if safe_path else "", *command]))


def is_of_the_workflow(command: list[str]) -> bool:
    """Return whether Python is to run a job, the plan, or the process with loaded libraries."""
    script = command[0] if command else ""
    return script.startswith("workflow_scripts/") or script == "rules/plan.py" or script.endswith(SERVER)


def with_torch(servers: dict[str, Any]) -> str:
    """Return the name of the server that has loaded torch with this process's variables; start it the first time."""
    import hashlib
    import subprocess

    variables = {key: value for key, value in os.environ.items() if key not in EACH_ITS_OWN}
    digest = hashlib.sha256(json.dumps(sorted(variables.items())).encode()).hexdigest()[:16]
    name = f"{servers['light']}-{digest}"
    with socket.socket(socket.AF_UNIX) as connection:
        if connection.connect_ex(f"\0{name}"):
            python, flag, server, _, served = servers["start"]
            subprocess.run([python, flag, server, name, served, *servers["torch"]], env=variables, check=False)
    return name


def run(name: str, arguments: list[str]) -> int:
    """Return the exit code of a command in a fork of the server of this name."""
    umask = os.umask(0)
    os.umask(umask)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"\0{name}")
    line = json.dumps([arguments, str(Path.cwd()), dict(os.environ), umask]).encode() + b"\n"
    socket.send_fds(connection, [line[:1]], [0, 1, 2])
    connection.sendall(line[1:])
    replies = connection.makefile()
    process = int(replies.readline())

    def forward(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has ended, and its exit code is on the way
            os.kill(process, number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    code = int(replies.readline())
    if code < 0:
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    main()
