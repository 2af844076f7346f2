"""Asking programs of this machine, such as git, nvidia-smi and Slurm's."""

import subprocess


def ask(*command: str, seconds: float = 60) -> tuple[str, str]:
    """Return what a command printed, and why it failed: "" where it did not. One that is not here prints nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    fault = done.stderr.strip() or f"{command[0]} ended with {done.returncode}"
    return done.stdout, "" if done.returncode == 0 else fault
