"""The libraries that a job's code may import, and which of them can change the bytes of what it makes.

The libraries of a stage follow from the imports in its code (`core.code`): this table says which distribution an
import belongs to, and which others work inside it. A library that stands in neither list is refused.
"""

import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

# Import name, then the distribution, whose version counts.
COUNTED = {
    "PIL": "pillow",
    "accelerate": "accelerate",
    "deepspeed": "deepspeed",
    "jsonlines": "jsonlines",
    "numpy": "numpy",
    "openpyxl": "openpyxl",
    "pandas": "pandas",
    "peft": "peft",
    "pyarrow": "pyarrow",
    "safetensors": "safetensors",
    "sentencepiece": "sentencepiece",
    "sklearn": "scikit-learn",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
    "xlsxwriter": "xlsxwriter",
}

# What works inside a library and can change its bytes too. What torch computes with (cuBLAS, oneDNN, …) its own version
# fixes; what is not installed does not count.
INSIDE = {
    "torch": ("numpy",),
    "pandas": ("numpy", "numexpr", "bottleneck"),
    "accelerate": ("torch", "numpy", "safetensors"),
    "peft": ("torch", "transformers", "accelerate", "safetensors"),
    "deepspeed": ("torch",),
    "transformers": (
        *("torch", "numpy", "pillow", "tokenizers", "safetensors", "sentencepiece", "protobuf", "jinja2", "regex"),
        *("accelerate", "torchvision", "flash-attn", "kernels"),
    ),
}

# They check settings, fetch what a pin describes, or talk to a person.
WITHOUT_EFFECT = frozenset(
    ("annotated_types", "httpx2", "huggingface_hub", "pydantic", "pydantic_core", "rich", "ruamel", "tenacity", "typer")
)


def library_of(root: str) -> tuple[bool, str | None]:
    """Return whether an import of `root` is known, and the distribution that counts for it; None where none does."""
    if root in COUNTED:
        return True, COUNTED[root]
    return root in WITHOUT_EFFECT or root in sys.stdlib_module_names or root == "__future__", None


def named_libraries(texts: Iterable[str]) -> set[str]:
    """Return the distributions that are named among some texts, by their own name or as they are imported."""
    return {distribution for name, distribution in COUNTED.items() if {name, distribution} & set(texts)}


def with_what_works_inside(names: Iterable[str]) -> set[str]:
    """Return some libraries and all that works inside them."""
    libraries: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in libraries:
            libraries.add(name)
            stack += INSIDE.get(name, ())
    return libraries


def installed_libraries(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of some libraries and of what works inside them, sorted by name; those that are installed."""
    versions = {name: _version(name) for name in sorted(with_what_works_inside(names))}
    return {name: installed for name, installed in versions.items() if installed is not None}


@cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
