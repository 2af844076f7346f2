"""What a compute node can do, printed as JSON: `python -m pipeline_lib.doctor.probe`, run there by `vlmflow doctor`."""

import importlib
import platform
import shutil
import socket
import sys
import tempfile

from pipeline_lib.core.machine import library_versions
from pipeline_lib.core.text import pretty_json

LIBRARIES = ("torch", "transformers", "snakemake", "pyarrow", "pillow")
NETWORK = ("huggingface.co", 443)


def told() -> dict[str, object]:
    """Return the node's name, the libraries it imports, its scratch space and whether it reaches the network."""
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
    }


def has_network() -> bool:
    """Return whether the hub's host can be reached from here."""
    try:
        with socket.create_connection(NETWORK, timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.stdout.write(pretty_json(told()))
