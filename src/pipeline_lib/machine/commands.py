"""Runs command-line programs of this machine, such as git, nvidia-smi and Slurm's, and returns their output."""

import subprocess


def ask(*command: str, seconds: float = 60) -> tuple[str, str]:
    """Return the output of a command and its error message, "" if it succeeded; a missing command has no output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    fault = done.stderr.strip() or f"{command[0]} ended with {done.returncode}"
    return done.stdout, "" if done.returncode == 0 else fault
