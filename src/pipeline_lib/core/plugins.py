"""Plug-ins: every module or folder in the package of a kind is one, without a registry; and settings that name one.

`Plugin` annotates a field for a plug-in's settings, `PluginName` a field for its bare name. The code of the plug-ins
that a job's settings name counts in its code digest.
"""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.settings import Settings

ROOT = "pipeline_lib"
FOLDERS = {"families": "model"}  # kinds whose plug-ins are folders, and the module to load from each
WORDS = {"families": "family", "prompts": "template", "sampling": "strategy", "weights": "kind of weights"}  # of one


def module_name(kind: str, name: str) -> str:
    """Return the dotted module of a plug-in, such as `pipeline_lib.recipes.full`."""
    return ".".join([ROOT, kind, name, *([FOLDERS[kind]] if kind in FOLDERS else [])])


def names(kind: str) -> list[str]:
    """Return the names of all plug-ins of a kind (a package such as `recipes`), sorted.

    The module `base` and subpackages are not plug-ins, except of the kinds in FOLDERS.
    """
    folder = Path(__file__).parent.parent / kind
    return list(_names(folder, folder.stat().st_mtime_ns, kind in FOLDERS))


@cache
def _names(folder: Path, changed: int, folders: bool) -> list[str]:
    """Return the modules or the folders of a package as it was at its time of change."""
    modules = pkgutil.iter_modules([str(folder)])
    return sorted(info.name for info in modules if info.name != "base" and info.ispkg == folders)


def load(kind: str, name: str) -> ModuleType:
    """Return the module of a plug-in; an unknown name raises PipelineError with a suggestion."""
    known = names(kind)
    if name not in known:
        raise PipelineError(f"no such {_singular(kind)}", value=name, cure=suggest(name, known))
    return import_module(module_name(kind, name))


class NamesPlugin:
    """Annotation for a field that names a plug-in of a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def used_by(self, value: Any) -> list[str]:
        """Return what a job with this value uses, as the code digest takes it: `package.module[:definition]`."""
        raise NotImplementedError


class Plugin(NamesPlugin):
    """Annotation for a plug-in's name and settings: `Annotated[BaseOfAll, Plugin("recipes", key="name")]`."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(kind)
        self.key = key

    def used_by(self, value: Any) -> list[str]:
        """Return the module of the plug-in."""
        return [module_name(self.kind, getattr(value, self.key))]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that validates with the `Settings` of the plug-in that the value names."""
        dump = core_schema.plain_serializer_function_ser_schema(lambda value: value.model_dump(mode="json"))
        return core_schema.no_info_plain_validator_function(self._validate, serialization=dump)

    def _validate(self, value: Any) -> Settings:
        if isinstance(value, Settings):
            return value
        if not isinstance(value, dict) or self.key not in value:
            known = ", ".join(names(self.kind))
            raise PydanticCustomError(
                "plugin_missing", "needs the key '{key}': one of {known}", {"key": self.key, "known": known}
            )
        settings: Settings = load(self.kind, _known(self.kind, value[self.key])).Settings.model_validate(value)
        return settings


class PluginName(NamesPlugin):
    """Annotation for a plug-in's bare name: `Annotated[str, PluginName("benchmarks", members=("questions",))]`.

    `members` are the definitions of the module that the job uses, by default all; `loaded` is False if the job only
    records the name.
    """

    def __init__(self, kind: str, members: tuple[str, ...] = (), loaded: bool = True) -> None:
        super().__init__(kind)
        self.members = members
        self.loaded = loaded

    def used_by(self, value: Any) -> list[str]:
        """Return the module of the plug-in, or its definitions that the job uses; nothing if it is not loaded."""
        module = module_name(self.kind, value)
        uses = [f"{module}:{member}" for member in self.members] or [module]
        return uses if self.loaded else []

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that accepts the names of existing plug-ins."""
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def _validate(self, value: str) -> str:
        return _known(self.kind, value)


def _known(kind: str, name: Any) -> str:
    """Return the name of a plug-in; an unknown name is an error with a suggestion."""
    known = names(kind)
    if name not in known:
        text = "no such {kind}: {name}; {hint}"
        fields = {"kind": _singular(kind), "name": str(name), "hint": suggest(str(name), known)}
        raise PydanticCustomError("plugin_unknown", text, fields)
    return str(name)


def _singular(kind: str) -> str:
    return WORDS.get(kind, kind.removesuffix("s"))
