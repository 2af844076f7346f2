"""Words of the last release in a study, and what the error says of each: its new name, or what replaced it."""

from pipeline_lib.config.problem import Key

KIND, FORMER_KIND = "vlm", "llava"  # of a model, of any family
_ADAPTERS = "give the adapter's weights a `base: {start: NAME}` and a `template`, and let runs name these weights"
_TOKENS = (
    "remove it: questions are packed by their tokens; `engine: {name: transformers, tokens: N}` of a run limits them"
)
_RENAMED = {"faithful": "as_original"}
_REPLACED = {  # a recipe, and keys by themselves or with the key that holds them
    "adopt": _ADAPTERS,
    "adapter": _ADAPTERS,
    "decoding.batch_size": _TOKENS,
}


def of_key(key: Key, known: list[str]) -> str:
    """Return what became of a key; empty for one that no release had. `known` are the keys that its place has now."""
    name = str(key[-1])
    replaced = next((_REPLACED[former] for former in (name, ".".join(map(str, key[-2:]))) if former in _REPLACED), "")
    return replaced or (f"its name is now {_RENAMED[name]}" if _RENAMED.get(name) in known else "")


def of_recipe(name: str) -> str:
    """Return what became of a recipe; empty for one that no release had."""
    return _REPLACED.get(name, "")


def of_value(value: object, expected: str) -> str:
    """Return what became of a value where `expected`, the quoted choices, has the new one; else empty."""
    return f"its name is now {KIND}" if value == FORMER_KIND and f"'{KIND}'" in expected else ""
