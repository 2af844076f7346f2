"""A settings field whose shape a plug-in decides: the plug-in's name stands in it, its `Settings` validate the rest."""

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pipeline_lib.core.errors import suggest
from pipeline_lib.core.registry import load, names
from pipeline_lib.core.settings import Settings


class Plugin:
    """Annotation for such a field: `Annotated[BaseOfAll, Plugin("recipes", key="name")]`."""

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
        known = names(self.kind)
        if not isinstance(value, dict) or self.key not in value:
            raise PydanticCustomError(
                "plugin_missing", "needs the key '{key}': one of {known}", {"key": self.key, "known": ", ".join(known)}
            )
        name = value[self.key]
        if name not in known:
            text = "no such {kind}: {name}; {hint}"
            fields = {"kind": self.kind.removesuffix("s"), "name": str(name), "hint": suggest(str(name), known)}
            raise PydanticCustomError("plugin_unknown", text, fields)
        settings: Settings = load(self.kind, name).Settings.model_validate(value)
        return settings
