"""A statement as the code digest reads it: its digest, independent of formatting, and what it uses."""

import ast
import hashlib
from typing import Iterator, NamedTuple

from pipeline_lib.job.code.refused import (
    ABOUT_LIBRARIES,
    ATTRIBUTES,
    BUILTINS,
    HOOK_CURE,
    HOOKS,
    Refusal,
    names_in_text,
    refused_import,
    refused_text,
)

SKIPPED = frozenset({"ctx", "kind", "type_comment"})
FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda})
FILE = "__file__"
SYSTEM = frozenset(("sys", "os", "posix"))  # under another name, any of their attributes could be used
SYSTEM_CURE = "name the attribute where it is used: `sys.argv`, `os.fspath`"


class Import(NamedTuple):
    """One name that an import statement binds: `from module import name as alias`, or `import module as alias`."""

    module: str
    name: str | None
    alias: str | None
    level: int
    line: int

    @property
    def bound(self) -> str:
        """Return the name that the import binds."""
        return self.alias or self.name or self.module.split(".")[0]

    @property
    def dotted(self) -> str:
        """Return the dotted name that the bound name refers to."""
        return f"{self.module}.{self.name}" if self.name else self.module if self.alias else self.bound

    @property
    def text(self) -> str:
        """Return it as a separate statement, which is what counts."""
        if self.name is None:
            return f"import {self.module} as {self.alias}"
        return f"from {'.' * self.level}{self.module} import {self.name} as {self.bound}"


def imports_of(node: ast.Import | ast.ImportFrom) -> list[Import]:
    """Return the names that an import statement binds, in order."""
    if isinstance(node, ast.Import):
        return [Import(alias.name, None, alias.asname, 0, node.lineno) for alias in node.names]
    module = node.module or ""
    return [Import(module, alias.name, alias.asname, node.level, node.lineno) for alias in node.names]


def shortened(text: str) -> str:
    """Return 16 hexadecimal digits of a text's sha256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Statement:
    """The digest and the uses of one top-level statement of a module, or of several.

    `digest` ignores comments, docstrings, formatting, and the descriptions of settings: `describing` is the module's
    name for pydantic's `Field`. `names` are the names that the statement mentions, also in types written as strings.
    """

    def __init__(self, nodes: list[ast.stmt], describing: str | None = None) -> None:
        self.names: set[str] = set()
        self.texts: dict[str, int] = {}
        self.imports: list[Import] = []
        self._describing = describing
        self._chains: list[tuple[str, str, int]] = []
        self._bases: set[int] = set()  # names whose attribute is taken
        self._refusals: list[Refusal] = []
        self._within: list[type[ast.AST]] = []
        self.digest = shortened("\n".join([self._dump(node) for node in nodes]))
        self.names |= {name for text in self.texts for name in names_in_text(text)}

    @property
    def reads_files(self) -> bool:
        """Return whether it uses `__file__`."""
        return FILE in self.names

    def refusals(self, bound: dict[str, str]) -> list[Refusal]:
        """Return the constructs that the digest cannot follow; `bound` has the dotted names of the module's imports."""
        imported = self._imported(bound)
        chains = [(root, line) for root, _, line in self._chains if root in BUILTINS and root not in imported]
        refused = [*self._refusals, *(Refusal(line, root, BUILTINS[root]) for root, line in chains)]
        for dotted, line in self._uses(bound):
            cure = SYSTEM_CURE if dotted in SYSTEM else refused_import(dotted)
            refused += [Refusal(line, dotted, cure)] if cure else []
        refused += [Refusal(line, text, cure) for text, line in self.texts.items() if (cure := refused_text(text))]
        return sorted(refused)

    def asks_about_libraries(self, bound: dict[str, str]) -> bool:
        """Return whether it asks if, where, or in which version a library is installed."""
        return any(dotted in ABOUT_LIBRARIES for dotted, _ in self._uses(bound))

    def _imported(self, bound: dict[str, str]) -> dict[str, str]:
        return {**bound, **{each.bound: each.dotted for each in self.imports}}

    def _uses(self, bound: dict[str, str]) -> Iterator[tuple[str, int]]:
        """Yield the dotted name of every import that the statement uses, with its line."""
        imported = self._imported(bound)
        for root, attributes, line in self._chains:
            if root in imported:
                yield f"{imported[root]}.{attributes}" if attributes else imported[root], line

    def _dump(self, value: object) -> str:
        if isinstance(value, ast.AST):
            return self._dump_node(value)
        if isinstance(value, list):
            return "[" + ",".join([self._dump(item) for item in value if not is_bare_text(item)]) + "]"
        text = f"{value:x}" if type(value) is int else repr(value)  # an integer may have too many digits
        return f"{type(value).__name__}:{text}"

    def _dump_node(self, node: ast.AST) -> str:
        self._note(node)
        if isinstance(node, ast.Call) and self._is_setting(node):
            node = _without_description(node)
        self._within.append(type(node))
        parts = []
        for name in node._fields:
            field = getattr(node, name, None)
            if name not in SKIPPED and field is not None and field != []:
                parts.append(f"{name}={self._dump(field)}")
        if isinstance(node, ast.Constant) and node.value is None:
            parts.append("value=None")
        self._within.pop()
        return f"{type(node).__name__}({','.join(parts)})"

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self.names.add(node.id)
            if isinstance(node.ctx, ast.Load) and id(node) not in self._bases:
                self._chains.append((node.id, "", node.lineno))
        elif isinstance(node, ast.Attribute):
            self._note_attribute(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.texts.setdefault(node.value, node.lineno)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports += imports_of(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in HOOKS:
            self._refusals.append(Refusal(node.lineno, node.name, HOOK_CURE))
        elif isinstance(node, ast.ClassDef):
            metaclass = [word for word in node.keywords if word.arg == "metaclass"]
            self._refusals += [Refusal(node.lineno, "metaclass", HOOK_CURE) for _ in metaclass]

    def _note_attribute(self, node: ast.Attribute) -> None:
        if node.attr in ATTRIBUTES:
            self._refusals.append(Refusal(node.lineno, node.attr, ATTRIBUTES[node.attr]))
        parts: list[str] = []
        below: ast.expr = node
        while isinstance(below, ast.Attribute):
            parts.append(below.attr)
            below = below.value
        if isinstance(below, ast.Name):
            self._bases.add(id(below))
            self._chains.append((below.id, ".".join(reversed(parts)), node.lineno))

    def _is_setting(self, call: ast.Call) -> bool:
        """Return whether the call is pydantic's `Field` in the body of a class, as the value or type of a field."""
        named = isinstance(call.func, ast.Name) and call.func.id == self._describing
        inside = named and ast.ClassDef in self._within and ast.AnnAssign in self._within
        return inside and not FUNCTIONS.intersection(self._within)


def _without_description(call: ast.Call) -> ast.Call:
    words = call.keywords
    others = [word for word in words if word.arg != "description" or not isinstance(word.value, ast.Constant)]
    return ast.Call(call.func, call.args, others)


def is_bare_text(node: object) -> bool:
    """Return whether this is a string as a statement, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
