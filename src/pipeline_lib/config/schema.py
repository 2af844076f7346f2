"""JSON schema of a study, from the tree and the plug-ins; editors and the reference page use it."""

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pipeline_lib.config.study import Study
from pipeline_lib.core.plugins import ROOT, Plugin, PluginName, load, names

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/"


def study_schema() -> dict[str, Any]:
    """Return the JSON schema of a study; the keys of every mapping are in the order of the tree.

    A field with a plug-in's settings has one `oneOf` branch per plug-in, which the key with the plug-in's name selects.
    Its `title` is the kind of plug-in, as is the title of a field with only a plug-in's name.
    """
    made = Study.model_json_schema(schema_generator=_Generator)
    renamed: dict[str, Any] = _renamed(made)
    return {"$schema": DIALECT, **renamed, "title": "A study of vlmflow"}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, extended by the annotations of plug-ins."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: a key is its own title."""
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Return the schema of a mapping; names that do not match its pattern are refused."""
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Return the branches of a union, with the key that selects one; pydantic's map names other definitions."""
        made = super().tagged_union_schema(schema)
        return {**made, "discriminator": {"propertyName": made["discriminator"]["propertyName"]}}

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        """Return the branches of a `Plugin` field: pydantic keeps the annotation as the owner of the validator."""
        plugin = getattr(schema["function"]["function"], "__self__", None)
        if not isinstance(plugin, Plugin):
            return super().function_plain_schema(schema)
        known = names(plugin.kind)
        models: list[type[BaseModel]] = [load(plugin.kind, name).Settings for name in known]
        key = {"enum": known, "description": _inherited(models[0], plugin.key)}
        branches = [self.generate_inner(model.__pydantic_core_schema__) for model in models]
        shape = {"properties": {plugin.key: key}, "required": [plugin.key], "oneOf": branches}
        return {"title": plugin.kind, "type": "object", **shape}

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """Return the names that a `PluginName` field accepts."""
        name = getattr(schema["function"]["function"], "__self__", None)
        if not isinstance(name, PluginName):
            return super().function_after_schema(schema)
        return {"title": name.kind, "enum": names(name.kind)}


def _inherited(model: type[BaseModel], key: str) -> str | None:
    """Return the base class's description of the key with the plug-in's name."""
    fields = [base.model_fields.get(key) for base in model.__mro__ if issubclass(base, BaseModel)]
    return next((field.description for field in fields if field and field.description), None)


def _renamed(value: Any) -> Any:
    """Return a schema whose definitions are named and described by kind and plug-in, such as `recipes.full`."""
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$defs" in value:
        definitions = {_short(name): _renamed(item) for name, item in value["$defs"].items()}
        rest = _renamed({key: item for key, item in value.items() if key != "$defs"})
        return {**rest, "$defs": {name: _described(name, item) for name, item in sorted(definitions.items())}}
    if "$ref" in value:
        name = str(value["$ref"]).removeprefix(DEFINITIONS)
        return {**{key: _renamed(item) for key, item in value.items()}, "$ref": DEFINITIONS + _short(name)}
    return {key: _renamed(item) for key, item in value.items()}


def _short(name: str) -> str:
    return name.removeprefix(f"{ROOT}__").removesuffix("__Settings").replace("__", ".")


def _described(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """Return a definition with a readable title; a plug-in's with its module's docstring as description."""
    kind, _, plugin = name.partition(".")
    if "." in plugin or not plugin:
        return {**definition, "title": name.rpartition(".")[2]}
    return {**definition, "title": plugin, "description": inspect.getdoc(load(kind, plugin))}
