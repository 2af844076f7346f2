"""Fields that plug-ins decide: `Plugin` where a plug-in's settings stand, `Registered` where its bare name does.

What there is follows from the modules that lie in the package of their kind; nothing lists them.
"""

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pipeline_lib.core.errors import suggest
from pipeline_lib.core.registry import load, names
from pipeline_lib.core.settings import Settings


class Plugin:
    """Annotation for a plug-in's name and settings: `Annotated[BaseOfAll, Plugin("recipes", key="name")]`."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind = kind
        self.key = key

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


class Registered:
    """Annotation for a plug-in's bare name: `Annotated[str, Registered("prompts")]`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that accepts the names there are."""
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def _validate(self, value: str) -> str:
        return _known(self.kind, value)


def _known(kind: str, name: Any) -> str:
    """Return the name of a plug-in; one that there is not is an error with a suggestion."""
    known = names(kind)
    if name not in known:
        text = "no such {kind}: {name}; {hint}"
        fields = {"kind": kind.removesuffix("s"), "name": str(name), "hint": suggest(str(name), known)}
        raise PydanticCustomError("plugin_unknown", text, fields)
    return str(name)
