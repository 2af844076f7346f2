"""Data classes: frozen dataclasses whose construction only binds values, so that a plain module may construct them."""

import ast
from typing import Callable, Mapping

DATACLASS = "dataclasses.dataclass"
METHODS = frozenset({"__call__"})  # special methods that do not run during construction

IsDataClass = Callable[[str], bool]


def is_data_class(node: ast.ClassDef, dotted: Mapping[str, str], is_known: IsDataClass) -> bool:
    """Return whether constructing a class runs no code of the package, and its instances cannot change.

    `dotted` has the names of the module's imports; `is_known` decides about a base class by its name in the module.
    """
    bases = [base.id if isinstance(base, ast.Name) else "" for base in node.bases]
    return _is_frozen(node, dotted) and all(map(is_known, bases)) and all(map(_is_inert, node.body))


def constructed_values(call: ast.Call) -> list[ast.expr] | None:
    """Return the values of the fields in a call of a data class; None if the call unpacks some."""
    if any(isinstance(value, ast.Starred) for value in call.args) or any(word.arg is None for word in call.keywords):
        return None
    return [*call.args, *(word.value for word in call.keywords)]


def _is_frozen(node: ast.ClassDef, dotted: Mapping[str, str]) -> bool:
    if len(node.decorator_list) != 1 or not isinstance(call := node.decorator_list[0], ast.Call):
        return False
    named = isinstance(call.func, ast.Name) and dotted.get(call.func.id) == DATACLASS
    words = {word.arg: word.value for word in call.keywords}
    frozen = words.get("frozen")
    known = named and not call.args and words.keys() <= {"frozen", "kw_only"}
    return known and isinstance(frozen, ast.Constant) and frozen.value is True


def _is_inert(node: ast.stmt) -> bool:
    """Return whether a statement in the body of a class adds nothing that runs during construction."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return not node.name.startswith("__") or node.name in METHODS
    if isinstance(node, ast.AnnAssign):
        words = [word.arg for part in ast.walk(node) if isinstance(part, ast.Call) for word in part.keywords]
        return "default_factory" not in words
    return isinstance(node, (ast.Expr, ast.Pass))
