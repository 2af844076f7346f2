"""The walk over the package's source: from a script and its plug-ins to all that they reach."""

from pathlib import Path
from typing import NamedTuple

from pipeline_lib.core.code_module import PACKAGE, Module
from pipeline_lib.core.code_refused import is_exempt, refused_import
from pipeline_lib.core.code_statement import FILE, Import, Statement, shortened
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.libraries import library_of, named_libraries

# These modules cannot change what stands in an output; a test keeps the list short. How a download is transferred is
# among them: what it must be, its pin says.
NEUTRAL = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        *("core.allocation", "core.ask", "core.code", "core.code_module", "core.code_refused", "core.code_statement"),
        "core.code_walk",
        *("core.environment", "core.errors", "core.files", "core.gpus", "core.guard", "core.job", "core.kept"),
        *("core.libraries", "core.log", "core.machine", "core.manifest", "core.program", "core.record", "core.room"),
        *("core.state", "training.memory"),
        *("downloads.drive", "downloads.hosts", "downloads.pins", "downloads.store", "downloads.transfer"),
    )
)

EVERYTHING = ""
ORDER = "order of imports"


class Target(NamedTuple):
    """One top-level name of a module, or all of the module (`EVERYTHING`)."""

    module: str
    name: str


class Reach(NamedTuple):
    """What a job's code consists of.

    `modules` has a digest of what counts of every module, `names` the definitions that count where not all do,
    `imported` all modules of the package that may be imported, without neutral ones and what only these import,
    `libraries` the libraries that the code imports, and `data` the data files that it reads.
    """

    modules: dict[str, str]
    names: dict[str, frozenset[str]]
    imported: frozenset[str]
    libraries: frozenset[str]
    data: frozenset[Path]


class Tree:
    """The source of the package below a folder: its modules, each parsed once."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._modules: dict[str, Module] = {}
        self._paths: dict[str, Path | None] = {}

    def reach(self, script: Path, *plugins: str) -> Reach:
        """Return what the script and the plug-ins reach."""
        walk = _Walk(self)
        try:
            walk.script(Module(script.name, script))
            walk.follow([Target(*_split(plugin)) for plugin in plugins])
        except RecursionError as error:
            raise PipelineError("an expression is nested too deeply for the code digest", where=script) from error
        return walk.result()

    def module(self, name: str) -> Module:
        """Return a module of the package."""
        path = self.path(name)
        assert path is not None, name
        if name not in self._modules:
            self._modules[name] = Module(name, path)
        return self._modules[name]

    def path(self, name: str) -> Path | None:
        """Return the file of a module or package, None where there is none."""
        if name not in self._paths:
            stem = self._source.joinpath(*name.split("."))
            paths = (stem / "__init__.py", stem.with_name(f"{stem.name}.py"))
            self._paths[name] = next((path for path in paths if path.is_file()), None)
        return self._paths[name]

    def is_package(self, name: str) -> bool:
        """Return whether the name is that of a folder."""
        path = self.path(name)
        return path is not None and path.name == "__init__.py"


class _Walk:
    """The walk from a script through all that it reaches."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._digests: dict[Target, str] = {}
        self._imported: dict[str, None] = {}
        self._whole: dict[str, None] = {}
        self._libraries: set[str] = set()
        self._data: set[Path] = set()
        self._targets: list[Target] = []

    def script(self, module: Module) -> None:
        """Take a script, which counts whole."""
        self._take(Target(module.name, EVERYTHING), module, module.whole)
        for each in module.imports:
            self._targets += self._lead(each, module)

    def follow(self, targets: list[Target]) -> None:
        """Take the targets and what they reach."""
        self._targets += targets
        while self._targets:
            target = self._targets.pop()
            if target in self._digests:
                continue
            if target.module in NEUTRAL:
                self._digests[target] = ""
                self._pass_on(target, self._tree.module(target.module))
                continue
            self._import(target.module)
            module = self._tree.module(target.module)
            if target.name == EVERYTHING or not module.plain:
                self._digests[target] = ""
                self._take(Target(target.module, EVERYTHING), module, module.whole)
            elif target.name in module.imported:
                self._digests[target] = shortened(
                    "\n".join(each.text for each in module.imports if each.bound == target.name)
                )
                self._pass_on(target, module)
            elif target.name in module.bound:
                self._take(target, module, module.bound[target.name])
            else:
                raise PipelineError(
                    f"{target.module} has no definition of this name",
                    where=module.path,
                    value=target.name,
                    cure="correct the import, or define the name where it can be seen: `def`, `class` or `NAME = ...`",
                )

    def result(self) -> Reach:
        """Return what was reached."""
        lines: dict[str, list[str]] = {}
        names: dict[str, set[str]] = {}
        for (module, name), digest in sorted(self._digests.items()):
            if digest:
                lines.setdefault(module, []).append(f"{name}:{digest}")
            names.setdefault(module, set()).add(name)
        modules = {module: shortened("\n".join(parts)) for module, parts in lines.items()}
        if len(self._whole) > 1:
            modules[ORDER] = shortened("\n".join(self._whole))
        parts = {module: frozenset(reached) for module, reached in names.items() if EVERYTHING not in reached}
        imported, libraries = frozenset(self._imported), frozenset(self._libraries)
        return Reach(dict(sorted(modules.items())), parts, imported, libraries, frozenset(self._data))

    def _take(self, target: Target, module: Module, statement: Statement) -> None:
        """Count a statement, or a whole module as one, and follow what it uses."""
        if self._digests.get(target):
            return
        self._digests[target] = statement.digest
        self._refuse(module, statement)
        if statement.reads_files and not is_exempt(module.name, FILE):
            self._digests[target] += module.data
            self._data |= set(module.data_files)
        for each in statement.imports:
            self._targets += self._lead(each, module)
        if target.name != EVERYTHING:
            known = [name for name in statement.names if name in module.bound or name in module.imported]
            self._targets += [Target(module.name, name) for name in sorted(known)]
        named = [text for text in statement.texts if text.startswith(f"{PACKAGE}.") and self._tree.path(text)]
        self._targets += [Target(text, EVERYTHING) for text in sorted(named)]
        if statement.asks_about_libraries(module.dotted):
            self._libraries |= named_libraries(statement.texts)

    def _refuse(self, module: Module, statement: Statement) -> None:
        refusals = statement.refusals(module.dotted)
        for line, construct, cure in (each for each in refusals if not is_exempt(module.name, each.construct)):
            raise PipelineError(
                f"the code digest cannot follow `{construct}`",
                where=f"{module.path}:{line}",
                value=construct,
                cure=cure,
            )

    def _import(self, name: str, where: str = "") -> None:
        """Take what importing a module runs: its parents, what it imports, and all of it where it is not plain."""
        if name in self._imported or name in NEUTRAL:
            return
        if self._tree.path(name) is None:
            raise PipelineError("no such module, or a folder without __init__.py", where=where, value=name)
        self._imported[name] = None
        module = self._tree.module(name)
        if "." in name:
            self._import(name.rpartition(".")[0], str(module.path))
        for each in module.imports:
            for target in self._lead(each, module, used=False):
                self._import(target.module, f"{module.path}:{each.line}")
        if not module.plain:
            self._whole[name] = None
            self._targets.append(Target(name, EVERYTHING))

    def _pass_on(self, target: Target, module: Module) -> None:
        """Follow a name that a module imports itself; all such names where the module is used as a whole."""
        for each in module.imports:
            if target.name in (each.bound, EVERYTHING):
                self._targets += self._lead(each, module)

    def _lead(self, each: Import, module: Module, used: bool = True) -> list[Target]:
        """Return where an import leads in the package; note the library where it leads out and its name is used."""
        where = f"{module.path}:{each.line}"
        if each.level or each.name == "*":
            what = "a relative import" if each.level else "an import of `*`"
            raise _refused(what, where, each, f"from {PACKAGE}.package.module import name")
        if each.module.split(".")[0] == PACKAGE:
            return self._own(each, where)
        self._foreign(each, module, used)
        return []

    def _own(self, each: Import, where: str) -> list[Target]:
        inner = f"{each.module}.{each.name}" if each.name else each.module
        if self._tree.is_package(inner) or (each.name is None and each.alias is None):
            raise _refused("an import of a package", where, each, f"from {PACKAGE}.package import module")
        if self._tree.path(each.module) is None:
            raise _refused("an import of what is not there", where, each, f"from {PACKAGE}.package.module import name")
        if each.name is None:
            return [Target(each.module, EVERYTHING)]
        if not self._tree.is_package(each.module):
            return [Target(each.module, each.name)]
        package = self._tree.module(each.module)
        targets = [Target(inner, EVERYTHING)] if self._tree.path(inner) else []
        if not targets or each.name in package.imported or each.name in package.bound:
            targets.append(Target(each.module, each.name))
        return targets

    def _foreign(self, each: Import, module: Module, used: bool) -> None:
        where = f"{module.path}:{each.line}"
        root = each.module.split(".")[0]
        if self._tree.path(root) is not None:
            raise _refused("an import of code beside the package", where, each, f"move it into {PACKAGE}")
        known, library = library_of(root)
        if not known:
            raise _refused("an import of a library that is not listed", where, each, "list it in core/libraries.py")
        if used:
            dotted = f"{each.module}.{each.name}" if each.name else each.module
            cure = refused_import(dotted)
            if cure and not is_exempt(module.name, dotted):
                raise _refused("an import", where, each, cure)
            self._libraries |= {library} if library else set()


def _refused(what: str, where: str, each: Import, cure: str) -> PipelineError:
    return PipelineError(f"the code digest cannot follow {what}", where=where, value=each.text, cure=cure)


def _split(plugin: str) -> tuple[str, str]:
    module, _, name = plugin.partition(":")
    return module, name or EVERYTHING
