"""The reference page: every key of a study with type, values, default and meaning, from the JSON schema."""

import inspect
from importlib import import_module
from typing import Any, Iterator

from pipeline_lib.config.names import NAME
from pipeline_lib.config.schema import DEFINITIONS, study_schema
from pipeline_lib.core.plugins import ROOT, load, names

Schema = dict[str, Any]

BEGINNING = """# Every key of a study

Generated from the code by `make reference`; [configuration.md](configuration.md) explains the keys. You choose a
*name*: lower-case letters, digits, `_` and `-`, starting with a letter or a digit. A dot separates nested keys:
`convert.to` is the key `to` below `convert`, and `also.url` is `url` in each mapping of the list `also`. A key without
`required` is optional.
"""
COLUMNS = ("key", "type", "values", "default", "meaning")
TYPES = {"integer": "integer", "number": "number", "boolean": "true or false", "string": "text", "object": "mapping"}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
REQUIRED = "required"


def reference_page() -> str:
    """Return the page: the study, its parts, then the plug-ins of every kind in the order of their first use."""
    schema = study_schema()
    definitions: Schema = schema["$defs"]
    parts = {name: part for name, field in schema["properties"].items() if (part := _part(field, definitions))}
    kinds = {kind: key for part in parts.values() for kind, key in _kinds(part, definitions)}
    sections = [BEGINNING, "## The study\n", _table(schema, definitions)]
    for name, part in parts.items():
        sections += [f"## `{name}.NAME`\n", f"{part['description']}\n", _table(part, definitions)]
    for kind, key in kinds.items():
        sections += _plugins(kind, key, definitions)
    return "\n".join(sections)


def _plugins(kind: str, key: str, definitions: Schema) -> Iterator[str]:
    """Yield the section of one kind of plug-in: the docstring of each plug-in's module and a table of its settings."""
    about = str(inspect.getdoc(import_module(f"{ROOT}.{kind}")))
    yield f"## {kind.capitalize()}\n"
    yield about.partition("\n\n")[0] + "\n"
    for name in names(kind):
        module, definition = load(kind, name), definitions.get(f"{kind}.{name}")
        yield f"### `{key}: {name}`\n"
        yield f"{inspect.getdoc(module)}\n"
        if hasattr(module, "PROTOCOLS"):
            yield f"Protocols: {_codes(module.PROTOCOLS)}. Its first metric is `{module.PRIMARY}`.\n"
        settings = {field: shape for field, shape in (definition or {}).get("properties", {}).items() if field != key}
        if settings:
            yield _table({**(definition or {}), "properties": settings}, definitions)


def _table(model: Schema, definitions: Schema) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *_rows(model, definitions)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _rows(model: Schema, definitions: Schema, above: str = "") -> Iterator[tuple[str, ...]]:
    """Yield the cells of every key of a mapping, each followed by the keys of the mappings in it."""
    for name, field in model["properties"].items():
        shape = _shape(field, definitions)
        if "items" in shape:
            shape = {**shape, "items": _shape(shape["items"], definitions)}
        inner = shape.get("items", shape)
        default = REQUIRED if name in model.get("required", ()) else _default(field.get("default"))
        yield f"`{above}{name}`", _type(name, shape), _values(shape), default, field.get("description", "")
        if "properties" in inner and "oneOf" not in inner:
            yield from _rows(inner, definitions, f"{above}{name}.")
        entry = _shape(_named(shape), definitions)
        if "properties" in entry:
            yield from _rows(entry, definitions, f"{above}{name}.NAME.")


def _kinds(model: Schema, definitions: Schema) -> Iterator[tuple[str, str]]:
    """Yield the kinds of plug-ins in a mapping and, recursively, in their settings, each with the key of the name."""
    for name, field in model["properties"].items():
        shape = _shape(field, definitions)
        branches = [_shape(branch, definitions) for branch in shape.get("oneOf", [])]
        if "title" in shape and ("enum" in shape or branches):
            yield shape["title"], next(iter(shape.get("properties", {name: None})))
        for inner in branches or [shape]:
            if "properties" in inner:
                yield from _kinds(inner, definitions)


def _part(field: Schema, definitions: Schema) -> Schema | None:
    """Return the schema of the entries of a part of the study, None for a key that is no part."""
    inner = list(field.get("patternProperties", {}).values())
    return _shape(inner[0], definitions) if inner else None


def _shape(field: Schema, definitions: Schema) -> Schema:
    """Return a field's schema without the alternatives `null` and one word, and with its reference resolved."""
    options = field.get("anyOf", [])
    others = [option for option in options if option.get("type") != "null" and option.keys() != {"enum"}]
    if len(others) == 1:
        return _shape(others[0], definitions)
    if "$ref" in field:
        target: Schema = definitions[field["$ref"].removeprefix(DEFINITIONS)]
        return target
    return field


def _named(shape: Schema) -> Schema:
    """Return the schema of the entries of a mapping whose names are free, an empty one for another shape."""
    entry = shape.get("additionalProperties")
    return entry if isinstance(entry, dict) else {}


def _type(name: str, shape: Schema) -> str:
    if "discriminator" in shape:
        return TYPES["object"]
    if "anyOf" in shape:
        return " or ".join(_type(name, option) for option in shape["anyOf"])
    if "patternProperties" in shape:
        return f"mapping of names to [`{name}.NAME`](#{name}name)"
    if "title" in shape and ("oneOf" in shape or "enum" in shape):
        return f"[{shape['title']}](#{shape['title']})"
    if shape.get("type") == "array":
        return f"list of {_type(name, shape['items'])}s"
    if shape.get("pattern") == NAME:
        return "name"
    return TYPES.get(shape.get("type", ""), "anything")


def _values(shape: Schema) -> str:
    if "discriminator" in shape:
        kinds = [branch["$ref"].rpartition(".")[2] for branch in shape["oneOf"]]
        return f"`{shape['discriminator']['propertyName']}`: {_codes(kinds)}"
    if "oneOf" in shape:
        ((key, named),) = shape["properties"].items()
        return f"`{key}`: {_codes(named['enum'])}"
    if "enum" in shape:
        return _codes(shape["enum"])
    return ", ".join(f"{sign} {shape[bound]}" for bound, sign in BOUNDS.items() if bound in shape)


def _default(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    return "as below" if isinstance(value, dict) else f"`{value}`"


def _codes(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)
