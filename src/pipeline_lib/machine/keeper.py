"""Run a command until standard input ends; then end it and all that it started: terminated first, killed if need be.

Standard input is a pipe of the process that wants the command, so it ends when that process does, however it ends.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

LOOK_SECONDS = 0.2
GRACE_SECONDS = 10.0  # between the request to end and the kill
PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent ends


def main() -> None:
    """Run the command of the command line, and exit with its code."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end of standard input alone counts
    program = subprocess.Popen(
        sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_end_with_parent
    )
    while program.poll() is None and not _input_ended():
        pass
    _signal(program.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while program.poll() is None and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS / 4)
    _signal(program.pid, signal.SIGKILL)  # its group too: what it started may outlive it
    sys.exit(program.wait() & 0xFF)


def _input_ended() -> bool:
    """Wait a little, and return whether standard input has ended."""
    readable, _, _ = select.select([0], [], [], LOOK_SECONDS)
    return bool(readable) and not os.read(0, 1024)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_with_parent() -> None:
    """Prepare the command: it takes signals again, and is killed where this process is killed."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    be_killed_with_parent()


def be_killed_with_parent() -> None:
    """Let the system kill this process when its parent ends; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
