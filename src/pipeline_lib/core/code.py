"""Digest of the code that a job runs: of what a script reaches by imports, definition by definition.

Comments, docstrings, descriptions of settings and formatting do not count, nor does a definition that the script does
not reach: a benchmark's prompt and its scorer can share a file and still make different stages stale. It is made from
syntax-tree node names and non-empty fields, so that Python versions agree.
"""

import ast
import hashlib
from functools import cache, cached_property
from pathlib import Path
from typing import Iterator, NamedTuple

SOURCE = Path(__file__).parent.parent.parent
PACKAGE = "pipeline_lib"

# These modules cannot change what stands in an output; a test keeps the list short. How a download is transferred is
# among them: what it must be, its pin says.
NEUTRAL = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        *("core.allocation", "core.errors", "core.files", "core.job", "core.kept", "core.log", "core.machine"),
        *("core.manifest", "core.program", "core.record", "core.removed", "core.room", "core.state"),
        *("fetching.look", "training.memory"),
        *("downloads.drive", "downloads.hosts", "downloads.pins", "downloads.store", "downloads.transfer"),
    )
)

EVERYTHING = ""


class Target(NamedTuple):
    """One top-level name of a module, or all of the module (`EVERYTHING`)."""

    module: str
    name: str


class Statement:
    """A top-level statement: its digest, the names it uses, what it imports; each made when asked for."""

    def __init__(self, node: ast.stmt) -> None:
        self._node = node

    @cached_property
    def digest(self) -> str:
        """Return the digest of the statement."""
        return _digest(self._node)

    @cached_property
    def uses(self) -> list[str]:
        """Return the names that the statement mentions."""
        return sorted({part.id for part in ast.walk(self._node) if isinstance(part, ast.Name)})

    @cached_property
    def imports(self) -> set[Target]:
        """Return what the statement imports where it stands, such as inside a function."""
        return _imports_in(self._node)


class Module(NamedTuple):
    """A parsed module: statements by the name they bind, those that always run, and its imported names."""

    bound: dict[str, list[Statement]]
    always: list[Statement]
    imported: dict[str, Target]


def code_digest(script: Path, *plugins: str) -> str:
    """Return 16 hexadecimal digits for `script` and the plug-ins that the job names.

    A plug-in is `package.module` (all of it) or `package.module:name` (that definition and what it reaches).
    """
    modules = code_modules(script, *plugins)
    return _shortened("\n".join(f"{name} {digest}" for name, digest in modules.items()))


def code_modules(script: Path, *plugins: str) -> dict[str, str]:
    """Return the digests of the script and of what it reaches of each module, by name, sorted."""
    targets = [*_targets_of_script(script), *(_plugin_target(name) for name in plugins)]
    reached: dict[Target, list[str]] = {}
    while targets:
        target = targets.pop()
        if target in reached or target.module in NEUTRAL:
            continue
        statements = _statements(target)
        reached[target] = [statement.digest for statement in statements]
        targets += _followed(target.module, target.name)
        for statement in statements:
            targets += statement.imports
            targets += [found for name in statement.uses for found in _followed(target.module, name)]
    lines: dict[str, list[str]] = {script.name: [_script_digest(script)]}
    for (module, name), digests in sorted(reached.items()):
        lines.setdefault(module, []).append(f"{name}:{','.join(digests)}")
    return {module: _shortened("\n".join(parts)) for module, parts in sorted(lines.items())}


def _shortened(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plugin_target(plugin: str) -> Target:
    module, _, name = plugin.partition(":")
    return Target(module, name or EVERYTHING)


def _targets_of_script(script: Path) -> list[Target]:
    return sorted(_imports_in(ast.parse(script.read_text(encoding="utf-8"))))


@cache
def _script_digest(script: Path) -> str:
    return _digest(ast.parse(script.read_text(encoding="utf-8")))


def _statements(target: Target) -> list[Statement]:
    module = _module(target.module)
    if target.name == EVERYTHING:
        return module.always + [statement for same in module.bound.values() for statement in same]
    return module.always + module.bound.get(target.name, [])


def _followed(module_name: str, name: str) -> Iterator[Target]:
    """Yield where a name of a module leads: to its definition there, and to what it was imported from."""
    module = _module(module_name)
    if name in module.bound:
        yield Target(module_name, name)
    if name in module.imported:
        yield module.imported[name]


@cache
def _module(name: str) -> Module:
    tree = ast.parse(_path(name).read_text(encoding="utf-8"))
    module = Module({}, [], {})
    for node in tree.body:
        if _is_docstring(node) or _is_type_checking(node):
            continue
        if isinstance(node, ast.ImportFrom):
            module.imported.update(_imported_names(node))
            continue
        statement = Statement(node)
        names = _bound_names(node)
        for bound in names:
            module.bound.setdefault(bound, []).append(statement)
        if not names:
            module.always.append(statement)
    return module


def _path(name: str) -> Path:
    stem = SOURCE.joinpath(*name.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def _bound_names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [part for target in targets for part in ast.walk(target)]
        return [part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    return []


def _imports_in(tree: ast.AST) -> set[Target]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {target for node in nodes for target in _imported_names(node).values()}


def _imported_names(node: ast.Import | ast.ImportFrom) -> dict[str, Target]:
    """Return what the import binds, for modules of this package only."""
    if isinstance(node, ast.Import):
        ours = [alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE]
        return {name: Target(name, EVERYTHING) for name in ours}
    if node.module is None or node.module.split(".")[0] != PACKAGE:
        return {}
    return {alias.asname or alias.name: _resolve(node.module, alias.name) for alias in node.names}


def _resolve(module: str, name: str) -> Target:
    inner = f"{module}.{name}"
    return Target(inner, EVERYTHING) if _path(inner).exists() else Target(module, name)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _digest(node: ast.AST) -> str:
    return hashlib.sha256(_dump(node).encode()).hexdigest()


def _dump(value: object) -> str:
    if isinstance(value, ast.Call):
        value = _without_description(value)
    if isinstance(value, ast.AST):
        skipped = ("ctx", "kind", "type_comment")
        fields = [(name, field) for name, field in ast.iter_fields(value) if name not in skipped]
        parts = [f"{name}={_dump(field)}" for name, field in fields if field is not None and field != []]
        return f"{type(value).__name__}({','.join(parts)})"
    if isinstance(value, list):
        return "[" + ",".join(_dump(item) for item in value if not _is_docstring(item)) + "]"
    return repr(value)


def _without_description(call: ast.Call) -> ast.Call:
    """Return a call of pydantic's Field without what it says to people; any other call as it is."""
    if not isinstance(call.func, ast.Name) or call.func.id != "Field":
        return call
    return ast.Call(call.func, call.args, [word for word in call.keywords if word.arg != "description"])
