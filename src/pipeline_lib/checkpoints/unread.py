"""Find unread weights files, such as a second copy in another format."""

from pathlib import Path, PurePath
from typing import Mapping

TENSORS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".msgpack", ".h5"}


def unread_files(files: Mapping[str, Path], read: set[Path]) -> list[str]:
    """Return the names of the weights files outside `read`."""
    return sorted(name for name, path in files.items() if PurePath(name).suffix in TENSORS and path not in read)
