"""Files of tensors that lie beside a model and are no part of it."""

from pathlib import PurePath

from pipeline_lib.checkpoints.adapters import ADAPTER_FILES, REST
from pipeline_lib.checkpoints.detect import PROJECTOR_FILE, Files, Kind
from pipeline_lib.checkpoints.tensors import tensors_of

TENSORS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".msgpack", ".h5"}


def unused_files(files: Files, holds: Kind) -> list[str]:
    """Return the names of the files of tensors from which nothing is read, such as a second copy in another format."""
    if holds == "adapter":
        used = {*tensors_of(files, ADAPTER_FILES).paths, *([files[REST]] if REST in files else [])}
    else:
        used = set((tensors_of(files, (PROJECTOR_FILE,)) if holds == "projector" else tensors_of(files)).paths)
    return sorted(name for name, path in files.items() if PurePath(name).suffix in TENSORS and path not in used)
