"""Print what a compute node can do as JSON; `vlmflow doctor` runs `python -m pipeline_lib.doctor.probe` there."""

import importlib
import platform
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from pipeline_lib.core.locks import is_held
from pipeline_lib.core.text import pretty_json
from pipeline_lib.machine.facts import library_versions

LIBRARIES = ("torch", "transformers", "snakemake", "pyarrow", "pillow")
HELD = Path(".vlmflow/doctor/held")  # locked by the process that submits the job
NETWORK = ("huggingface.co", 443)


def node_facts() -> dict[str, object]:
    """Return the node's name, its libraries, its scratch space, and whether network and locks reach it."""
    for name in ("torch", "pyarrow", "PIL"):
        importlib.import_module(name)
    with tempfile.TemporaryFile() as file:
        file.write(bytes(1 << 20))
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "libraries": library_versions(list(LIBRARIES)),
        "scratch": tempfile.gettempdir(),
        "scratch_free": shutil.disk_usage(tempfile.gettempdir()).free,
        "network": has_network(),
        "locked": is_held(HELD),
    }


def has_network() -> bool:
    """Return whether the hub's host can be reached from here."""
    try:
        with socket.create_connection(NETWORK, timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.stdout.write(pretty_json(node_facts()))
