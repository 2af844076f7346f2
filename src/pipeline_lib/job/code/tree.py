"""The package's source: finds the files of modules and the targets of imports."""

import ast
from pathlib import Path
from typing import NamedTuple

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.code.libraries import library_of
from pipeline_lib.job.code.module import PACKAGE, Module
from pipeline_lib.job.code.refused import ABSOLUTE, FILES, is_exempt, refused_import
from pipeline_lib.job.code.statement import Import

EVERYTHING = ""
IMPORTED = "(imported)"
DIGEST = f"{PACKAGE}.job.code"  # it knows where the source is


class Target(NamedTuple):
    """A top-level name of a module, the whole module (`EVERYTHING`), or the code that its import runs (`IMPORTED`)."""

    module: str
    name: str


class Tree:
    """The source of the package below a folder: its modules, each parsed once."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._modules: dict[str, Module] = {}
        self._paths: dict[str, Path | None] = {}
        self._bases: list[str] = []  # the classes that `_is_plain_class` is checking

    def module(self, name: str, where: str = "") -> Module:
        """Return a module of the package; raise PipelineError if there is none of this name."""
        if name not in self._modules:
            path = self.path(name)
            if path is None:
                raise PipelineError("no such module, or a folder without __init__.py", where=where, value=name)
            self._modules[name] = Module(name, path, self._is_plain_class, self._is_data_class)
        return self._modules[name]

    def path(self, name: str) -> Path | None:
        """Return the file of a module or package, or None."""
        if name not in self._paths:
            stem = self._source.joinpath(*name.split("."))
            paths = (stem / "__init__.py", stem.with_name(f"{stem.name}.py"))
            self._paths[name] = next((path for path in paths if path.is_file()), None)
        return self._paths[name]

    def is_package(self, name: str) -> bool:
        """Return whether the name is a package's."""
        path = self.path(name)
        return path is not None and path.name == "__init__.py"

    def targets(self, each: Import, module: Module) -> list[Target]:
        """Return the targets of an import within the package; raise PipelineError if the digest cannot follow it."""
        if each.level or each.name == "*":
            raise _refused("a relative import" if each.level else "an import of `*`", module, each, ABSOLUTE)
        if each.module.split(".")[0] == PACKAGE:
            return self._internal_targets(each, module)
        root = each.module.split(".")[0]
        if self.path(root) is not None:
            raise _refused("an import of code beside the package", module, each, f"move it into {PACKAGE}")
        if not library_of(root)[0]:
            cure = "list it in job/code/libraries.py"
            raise _refused("an import of an unlisted library", module, each, cure)
        return []

    def _is_plain_class(self, dotted: str) -> bool:
        """Return whether a plain module defines this class."""
        module, _, name = dotted.rpartition(".")
        if not self.path(module) or self.is_package(module):
            return False
        if dotted in self._bases:
            raise PipelineError("modules need classes of each other", where=self.path(module), value=self._bases)
        self._bases.append(dotted)
        plain = self.module(module).plain and isinstance(self.module(module).defined.get(name), ast.ClassDef)
        self._bases.pop()
        return plain

    def _is_data_class(self, dotted: str) -> bool:
        """Return whether a plain module defines this class, and it is a data class."""
        module, _, name = dotted.rpartition(".")
        return (
            dotted.startswith(f"{PACKAGE}.")
            and self._is_plain_class(dotted)
            and self.module(module).is_data_class(name)
        )

    def _internal_targets(self, each: Import, module: Module) -> list[Target]:
        inner = f"{each.module}.{each.name}" if each.name else each.module
        if self.is_package(inner) or (each.name is None and each.alias is None):
            raise _refused("an import of a package", module, each, f"from {PACKAGE}.package import module")
        if inner.startswith(DIGEST) and not module.name.startswith(f"{PACKAGE}.job."):
            raise _refused("an import of the code digest itself", module, each, FILES)
        if self.path(each.module) is None:
            raise _refused("an import of a name that does not exist", module, each, ABSOLUTE)
        if each.name is None:
            return [Target(each.module, EVERYTHING)]
        if not self.is_package(each.module):
            return [Target(each.module, each.name)]
        package = self.module(each.module)
        targets = [Target(inner, EVERYTHING)] if self.path(inner) else []
        if not targets or each.name in package.imported or each.name in package.defined:
            targets.append(Target(each.module, each.name))
        return targets


def libraries_of(each: Import, module: Module) -> set[str]:
    """Return the counted library of an import, if any; raise PipelineError if the import is refused."""
    dotted = f"{each.module}.{each.name}" if each.name else each.module
    cure = refused_import(dotted)
    if cure and not is_exempt(module.name, dotted):
        raise _refused("an import", module, each, cure)
    library = library_of(each.module.split(".")[0])[1]
    return {library} if library else set()


def _refused(what: str, module: Module, each: Import, cure: str) -> PipelineError:
    where = f"{module.path}:{each.line}"
    return PipelineError(f"the code digest cannot follow {what}", where=where, value=each.text, cure=cure)
