"""Find weights files that the conversion does not read, and refuse second copies that other readers may choose."""

from pipeline_lib.checkpoints.tensors import INDEX, WHOLE, tensors_of
from pipeline_lib.checkpoints.unread import unread_files
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.families.llava.layouts.adapters import ADAPTER_FILES, REST
from pipeline_lib.families.llava.layouts.detect import PROJECTOR_FILE, Files


def expect_one_copy(files: Files) -> None:
    """Raise PipelineError where a model is both whole and in shards of one format: readers choose differently."""
    both = [name for name in WHOLE if name in files and name + INDEX in files]
    if both:
        raise PipelineError(
            "these files hold a model twice, whole and in shards", where=files[both[0]].parent,
            value=[both[0], both[0] + INDEX], cure="keep one of them: the source's `files` may exclude the other",
        )  # fmt: skip


def names_of_unused(files: Files, holds: str) -> list[str]:
    """Return the names of the unread weights files, such as a second copy in another format."""
    if holds == "adapter":
        used = {*tensors_of(files, ADAPTER_FILES).paths, *([files[REST]] if REST in files else [])}
    else:
        used = set((tensors_of(files, (PROJECTOR_FILE,)) if holds == "projector" else tensors_of(files)).paths)
    return unread_files(files, used)
