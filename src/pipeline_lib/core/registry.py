"""Plug-ins: one module a name, in the package of their kind; found by exact name, never listed centrally."""

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pipeline_lib.core.errors import PipelineError, suggest

ROOT = "pipeline_lib"


def module_name(kind: str, name: str) -> str:
    """Return the dotted module of a plug-in, such as `pipeline_lib.recipes.full`."""
    return f"{ROOT}.{kind}.{name}"


def names(kind: str) -> list[str]:
    """Return the names of all plug-ins of a kind (a package such as `recipes`), sorted.

    Neither `base` nor a package within it is one.
    """
    folder = Path(__file__).parent.parent / kind
    modules = pkgutil.iter_modules([str(folder)])
    return sorted(info.name for info in modules if info.name != "base" and not info.ispkg)


def load(kind: str, name: str) -> ModuleType:
    """Return the module of a plug-in; an unknown name raises PipelineError with a suggestion."""
    known = names(kind)
    if name not in known:
        raise PipelineError(f"no such {kind.removesuffix('s')}", value=name, cure=suggest(name, known))
    return import_module(module_name(kind, name))
