"""Find the values in settings whose fields carry an annotation, such as that of a plug-in's name."""

from itertools import repeat
from types import UnionType
from typing import Annotated, Any, Iterable, Iterator, Literal, TypeVar, Union, get_args, get_origin

from pipeline_lib.core.settings import Settings

Key = tuple[str | int, ...]
A = TypeVar("A")


def annotated(settings: Settings, kind: type[A], key: Key = ()) -> Iterator[tuple[Key, A, Any]]:
    """Yield key, annotation and value wherever a field, or an item of it, is annotated with an object of `kind`.

    Settings in other settings, in lists and in mappings are entered, those of a plug-in by its own class. The order is
    that of the fields, and None has no annotation. Any other type, such as a set, raises TypeError.
    """
    for name, field in type(settings).model_fields.items():
        yield from _values((*key, name), field.annotation, field.metadata, getattr(settings, name), kind)


def _values(key: Key, hint: Any, metadata: Iterable[Any], value: Any, kind: type[A]) -> Iterator[tuple[Key, A, Any]]:
    """Yield the annotated values in one value, of which `hint` and `metadata` are the type and the annotations."""
    origin, parts = get_origin(hint), get_args(hint)
    if value is None:
        return
    yield from ((key, annotation, value) for annotation in metadata if isinstance(annotation, kind))
    if origin is Annotated:
        yield from _values(key, parts[0], parts[1:], value, kind)
    elif origin in (Union, UnionType):
        for part in (part for part in parts if _fits(part, value)):
            yield from _values(key, part, (), value, kind)
    elif isinstance(value, Settings):
        yield from annotated(value, kind, key)
    elif origin in (list, tuple):
        hints = repeat(parts[0]) if origin is list or ... in parts else parts
        for index, (part, item) in enumerate(zip(hints, value, strict=False)):
            yield from _values((*key, index), part, (), item, kind)
    elif origin is dict:
        for name, item in value.items():
            yield from _values((*key, name), parts[1], (), item, kind)
    elif parts and origin is not Literal:
        raise TypeError(f"the annotations in {hint} are not followed: setting {key}")


def _fits(hint: Any, value: Any) -> bool:
    """Return whether a value may be of the type that an alternative of a union names."""
    inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    base = get_origin(inner) or inner
    return isinstance(base, type) and isinstance(value, base)
