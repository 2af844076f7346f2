"""The libraries that a job's code may import, and which of them can change the bytes of its outputs.

The libraries of a stage follow from the imports in its code. The tables here map an import to its distribution, and a
distribution to the ones that it computes with. A library in neither COUNTED nor WITHOUT_EFFECT is refused.
"""

import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

# Import name, then the distribution whose version counts.
COUNTED = {
    "PIL": "pillow",
    "accelerate": "accelerate",
    "deepspeed": "deepspeed",
    "imagehash": "ImageHash",
    "jinja2": "jinja2",
    "jsonlines": "jsonlines",
    "markupsafe": "markupsafe",
    "numpy": "numpy",
    "openpyxl": "openpyxl",
    "orjson": "orjson",
    "pandas": "pandas",
    "peft": "peft",
    "pyarrow": "pyarrow",
    "safetensors": "safetensors",
    "sentencepiece": "sentencepiece",
    "sklearn": "scikit-learn",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
    "vllm": "vllm",
    "xlsxwriter": "xlsxwriter",
}

# The dependencies of a library that can change its results. The version of torch determines cuBLAS, oneDNN, …; a
# missing distribution does not count.
DEPENDENCIES = {
    "ImageHash": ("numpy", "pillow", "scipy"),
    "torch": ("numpy",),
    "pandas": ("numpy", "numexpr", "bottleneck"),
    "accelerate": ("torch", "numpy", "safetensors"),
    "peft": ("torch", "transformers", "accelerate", "safetensors"),
    "deepspeed": ("torch",),
    "vllm": ("torch", "transformers"),
    "transformers": (
        *("torch", "numpy", "pillow", "tokenizers", "safetensors", "sentencepiece", "protobuf", "jinja2", "regex"),
        *("accelerate", "torchvision", "flash-attn", "flash-attn-3", "kernels", "liger-kernel"),
    ),
}

# They check settings, fetch what a pin describes, ask a server whose replies are recorded, or print for the user.
WITHOUT_EFFECT = frozenset(
    (
        *("annotated_types", "httpx2", "huggingface_hub", "openai", "pydantic", "pydantic_core", "rich", "ruamel"),
        *("tenacity", "typer"),
    )
)


def library_of(root: str) -> tuple[bool, str | None]:
    """Return whether an import of `root` is known, and the distribution that counts for it, or None."""
    if root in COUNTED:
        return True, COUNTED[root]
    return root in WITHOUT_EFFECT or root in sys.stdlib_module_names or root == "__future__", None


def named_libraries(texts: Iterable[str]) -> set[str]:
    """Return the distributions named in some texts, by distribution name or import name."""
    return {distribution for name, distribution in COUNTED.items() if {name, distribution} & set(texts)}


def with_dependencies(names: Iterable[str]) -> set[str]:
    """Return some libraries and their counted dependencies."""
    libraries: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in libraries:
            libraries.add(name)
            stack += DEPENDENCIES.get(name, ())
    return libraries


def installed_libraries(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those libraries and of their counted dependencies, the installed ones, sorted by name."""
    versions = {name: _version(name) for name in sorted(with_dependencies(names))}
    return {name: installed for name, installed in versions.items() if installed is not None}


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
