"""A module as the code digest reads it: plain, so that single definitions can count, or counted as a whole.

A module is plain if importing it only binds names, each once, to functions, classes, constants and instances of data
classes. Then the value of a name follows from its statement and the names in it, independent of the rest of the module.
"""

import ast
import builtins
from functools import cached_property
from pathlib import Path
from typing import Callable, Collection, Iterator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.code.data_classes import IsDataClass, constructed_values, is_data_class
from pipeline_lib.job.code.refused import HOOKS
from pipeline_lib.job.code.statement import Import, Statement, imports_of, is_bare_text, shortened

PACKAGE = "pipeline_lib"
DATA_FILES = "DATA_FILES"

# What a plain module may call, decorate with and inherit from during its import: none of it changes anything
# elsewhere or calls its arguments.
CALLED = frozenset(
    (
        *("builtins.frozenset", "builtins.set", "builtins.tuple", "builtins.dict", "builtins.range", "builtins.str"),
        *("builtins.property", "builtins.staticmethod", "builtins.classmethod", "builtins.object", "builtins.float"),
        *("builtins.len", "re.compile", "logging.getLogger", "pathlib.Path", "typing.TypeVar", "functools.partial"),
        "datetime.datetime",
        *("functools.cache", "functools.lru_cache", "functools.cached_property", "contextlib.contextmanager"),
        *("dataclasses.dataclass", "dataclasses.field", "pydantic.Field", "pydantic.ConfigDict"),
        *("pydantic.AfterValidator", "pydantic.BeforeValidator", "pydantic.StringConstraints"),
        *("pydantic.field_validator", "pydantic.model_validator", "builtins.str.maketrans", "builtins.dict.fromkeys"),
    )
)
BASES = frozenset(
    (
        *("builtins.Exception", "builtins.ValueError", "builtins.object", "pydantic.BaseModel"),
        *("typing.NamedTuple", "typing.Protocol", "typing.Generic", "typing.TypedDict"),
    )
)
HARMLESS = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Set, ast.Dict),
    *(ast.Starred, ast.UnaryOp, ast.BinOp, ast.keyword, ast.expr_context, ast.operator, ast.unaryop),
)


Inherits = Callable[[str], bool]


class Module:
    """A parsed module of the package.

    `inherits` and `is_data_class` decide about classes of other modules by their dotted names.
    """

    def __init__(self, name: str, path: Path, inherits: Inherits, is_data_class: IsDataClass) -> None:
        self.name = name
        self.path = path
        self._inherits = inherits
        self._is_foreign_data_class = is_data_class
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as error:
            raise PipelineError(f"this module cannot be read: {error}", where=path) from error
        checking = _sole_name(tree, "typing.TYPE_CHECKING")
        self._body = [node for node in tree.body if not is_bare_text(node) and not _is_for_types(node, checking)]
        self.imports = [
            each for node in self._body if isinstance(node, (ast.Import, ast.ImportFrom)) for each in imports_of(node)
        ]
        self.imported = {each.bound: each for each in self.imports}
        self.dotted = {each.bound: each.dotted for each in self.imports}
        self._describing = _sole_name(tree, "pydantic.Field")

    @cached_property
    def plain(self) -> bool:
        """Return whether importing the module only binds names, each once, without running code of this package."""
        roots = {each.bound for each in self.imports if each.name is None and each.alias is None}
        others = [name for names, node in self._bindings() if not _is_root(node) for name in names]
        names = [*roots, *others]
        internal = {each.bound for each in self.imports if each.module.split(".")[0] == PACKAGE}
        classes = {node.name for node in self._body if isinstance(node, ast.ClassDef)}

        def inherits(dotted: str) -> bool:
            return dotted in classes or self._inherits(dotted)

        inert = _Inert(self.dotted, set(names), internal, inherits, self.is_data_class)
        unique = len(names) == len(set(names)) and "__getattr__" not in names
        return unique and all(map(inert.statement, self._body))

    def is_data_class(self, name: str) -> bool:
        """Return whether a name in this module refers to a data class, defined here or imported."""
        if name in self.dotted:
            return self._is_foreign_data_class(self.dotted[name])
        nodes = [node for node in self._body if isinstance(node, ast.ClassDef) and node.name == name]
        return len(nodes) == 1 and is_data_class(nodes[0], self.dotted, self.is_data_class)

    @cached_property
    def defined(self) -> dict[str, ast.stmt]:
        """Return the statements of a plain module, except imports, by the names that they bind."""
        return {name: node for names, node in self._bindings() if isinstance(node, ast.stmt) for name in names}

    def definition(self, name: str) -> Statement:
        """Return the statement of a plain module that binds a name."""
        return Statement([self.defined[name]], self._describing)

    @cached_property
    def whole(self) -> Statement:
        """Return the module as one statement, including its imports and their order."""
        return Statement(self._body, self._describing)

    @cached_property
    def data(self) -> str:
        """Return the digest of the data files that the module lists."""
        return shortened("\n".join(f"{path.name} {path.read_bytes().hex()}" for path in self.data_files))

    @cached_property
    def data_files(self) -> list[Path]:
        """Return the data files that the module lists in DATA_FILES; raise PipelineError if it lists none."""
        nodes = [node for names, node in self._bindings() if names == [DATA_FILES]]
        tuples = [value for node in nodes if isinstance(value := getattr(node, "value", None), (ast.Tuple, ast.List))]
        names = [part.value for part in tuples[-1].elts if isinstance(part, ast.Constant)] if tuples else []
        paths = [self.path.parent / str(name) for name in names]
        if not paths or not all(path.is_file() for path in paths):
            raise PipelineError(
                "a module that uses __file__ must list the data files beside it that it reads",
                where=self.path,
                value=names,
                cure='write a constant of the module: DATA_FILES = ("words.json",)',
            )
        return paths

    @cached_property
    def imports_anywhere(self) -> list[Import]:
        """Return the imports of the module and of the functions in it."""
        nodes = [node for part in self._body for node in ast.walk(part)]
        return [each for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for each in imports_of(node)]

    def _bindings(self) -> Iterator[tuple[list[str], ast.stmt | Import]]:
        for node in self._body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from (([each.bound], each) for each in imports_of(node))
            else:
                yield _bound_names(node), node


class _Inert:
    """Decides whether a statement of a module only binds names.

    `internal` are the names that the module imports from this package. `inherits` returns whether a class, of this
    module or with a dotted name of this package, is defined in a plain module; `is_data_class` whether a name refers to
    a data class, unless it is among the `hidden` names.
    """

    def __init__(
        self,
        dotted: dict[str, str],
        bound: set[str],
        internal: set[str],
        inherits: Inherits,
        is_data_class: IsDataClass,
        hidden: Collection[str] = (),
    ) -> None:
        self._is_data_class = is_data_class
        self._hidden = hidden
        self._inherits = inherits
        self._dotted = dotted
        self._bound = bound
        self._internal = internal

    def statement(self, node: ast.stmt) -> bool:
        """Return whether the statement is an import, function, class or constant that runs no code of this package."""
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            return getattr(node, "module", None) != "__future__"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._function(node)
        if isinstance(node, ast.ClassDef):
            bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            inherits = all(map(self._base, bases)) and not node.keywords
            return inherits and self._decorated(node) and self._members(node.body)
        if isinstance(node, ast.Assign):
            return bool(_bound_names(node)) and self._value(node.value)
        if isinstance(node, ast.AnnAssign):
            return bool(_bound_names(node)) and self._type(node.annotation) and self._value(node.value)
        return False

    def _members(self, body: list[ast.stmt]) -> bool:
        """Return whether the body of a class only binds names; names bound in it hide the module's imports."""
        names = {name for part in body for name in _bound_names(part)}
        dotted = {name: value for name, value in self._dotted.items() if name not in names}
        inside = _Inert(dotted, self._bound | names, self._internal, self._inherits, self._is_data_class, names)
        others = [part for part in body if not is_bare_text(part)]
        return all(not isinstance(part, (ast.Import, ast.ImportFrom)) and inside.statement(part) for part in others)

    def _base(self, node: ast.expr) -> bool:
        dotted = self._named(node)
        if dotted in BASES:
            return True
        internal = dotted.startswith(f"{PACKAGE}.") or not dotted
        return internal and self._inherits(dotted or (node.id if isinstance(node, ast.Name) else ""))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
        types = [*(each.annotation for each in arguments), node.returns]
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        is_hook = node.name in HOOKS or node.name.startswith("__get_pydantic")
        return not is_hook and self._decorated(node) and all(map(self._type, types)) and all(map(self._value, defaults))

    def _decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        called = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
        return all(self._named(each) in CALLED for each in called) and all(map(self._computed, node.decorator_list))

    def _type(self, node: ast.expr | None) -> bool:
        """Return whether an annotation only names types; classes of this package run no code there (`HOOKS`)."""
        return node is None or all(self._part(part) for part in ast.walk(node))

    def _value(self, node: ast.expr | None) -> bool:
        if node is None or isinstance(node, (ast.Constant, ast.Name)):
            return True
        if isinstance(node, (ast.Tuple, ast.List)):
            return all(map(self._value, node.elts))
        if isinstance(node, ast.Dict):
            keys = [key for key in node.keys if key is not None]
            return len(keys) == len(node.keys) and all(map(self._computed, keys)) and all(map(self._value, node.values))
        if isinstance(node, ast.Call) and self._constructs(node.func):
            values = constructed_values(node)
            return values is not None and all(map(self._value, values))
        if isinstance(node, ast.Lambda):
            return all(map(self._value, [*node.args.defaults, *node.args.kw_defaults]))
        return self._computed(node)

    def _constructs(self, called: ast.expr) -> bool:
        """Return whether a called expression is a data class."""
        return isinstance(called, ast.Name) and called.id not in self._hidden and self._is_data_class(called.id)

    def _computed(self, node: ast.expr) -> bool:
        """Return whether an expression runs no code of this package."""
        parts = list(ast.walk(node))
        names = {part.id for part in parts if isinstance(part, ast.Name)}
        return all(map(self._part, parts)) and not names & self._internal

    def _part(self, node: ast.AST) -> bool:
        return self._named(node.func) in CALLED if isinstance(node, ast.Call) else isinstance(node, HARMLESS)

    def _named(self, node: ast.expr) -> str:
        """Return the dotted name that an expression refers to, or "" if it is neither imported nor built in."""
        if isinstance(node, ast.Attribute):
            before = self._named(node.value)
            return f"{before}.{node.attr}" if before else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self._bound:
            return self._dotted.get(node.id, "")
        return f"builtins.{node.id}" if hasattr(builtins, node.id) else ""


def _bound_names(node: ast.stmt) -> list[str]:
    """Return the names that a definition or assignment binds; none for any other statement."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return names if len(names) == len(parts) else []


def _is_root(node: ast.stmt | Import) -> bool:
    """Return whether it is an import such as `import os.path`; several of these may bind the same name."""
    return isinstance(node, Import) and node.name is None and node.alias is None


def _is_for_types(node: ast.stmt, checking: str | None) -> bool:
    """Return whether a statement only has imports for type checkers, which never run."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Name) or node.test.id != checking:
        return False
    return not node.orelse and all(isinstance(part, (ast.Import, ast.ImportFrom)) for part in node.body)


def _sole_name(tree: ast.Module, dotted: str) -> str | None:
    """Return the name that refers to `dotted` throughout the module, or None if it has none or rebinds it."""
    imports = [each for node in tree.body if isinstance(node, ast.ImportFrom) for each in imports_of(node)]
    name = next((each.bound for each in imports if each.dotted == dotted), None)
    if name is None:
        return None
    nodes = list(ast.walk(tree))
    binders = [
        node for node in nodes if name in (getattr(node, field, None) for field in ("name", "asname", "rest", "arg"))
    ]
    stored = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    again = any(not isinstance(node.ctx, ast.Load) for node in stored)
    return name if len(binders) == 1 and not again else None
