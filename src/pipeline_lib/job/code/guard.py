"""The guard in a job: it checks that the code digest covers all modules and files of the package that the job uses."""

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.code.digest import SOURCE, imported_by_neutral, module_path, reach
from pipeline_lib.job.code.libraries import library_of, with_dependencies
from pipeline_lib.job.code.module import PACKAGE

REFUSING = frozenset({"PROTOCOLS"})  # these members of a plug-in only refuse names
CURE = "import it by an import statement, or annotate the setting that names it (core/plugins.py)"


class Guard:
    """Checks one job, from before its work to its end."""

    def __init__(self, script: Path, plugins: list[str]) -> None:
        self.reach = reach(script, *plugins)
        self._where = script
        self._members = sorted({plugin.partition(":")[0] for plugin in plugins if ":" in plugin})
        self._read: set[str] = set()

    def begin(self) -> None:
        """Start recording opened files, and remove the definitions of plug-ins that the digest does not cover."""
        sys.addaudithook(self._note)
        for name in self._members:
            if name in self.reach.names:
                _remove_uncovered(import_module(name), self.reach.names[name] | REFUSING)

    def check(self) -> None:
        """Raise PipelineError for modules, libraries and files that the job used but its digest does not cover."""
        loaded = {name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")}
        stray = sorted(loaded - self.reach.imported - imported_by_neutral(frozenset(loaded)))
        self._refuse("this job imported modules that its code digest does not cover", stray)
        paths = {name: getattr(sys.modules[name], "__file__", None) for name in sorted(loaded)}
        foreign = [name for name, path in paths.items() if path is None or Path(path) != module_path(name)]
        self._refuse("this job imported modules from other files than its code digest covers", foreign)
        covered = with_dependencies(self.reach.libraries)
        libraries = {library for name in loaded for library in self._libraries(name)} - covered
        self._refuse("this job used libraries that its parameter `libs` does not name", sorted(libraries))
        self._refuse("this job read files of the package that no DATA_FILES lists", self._undeclared())

    def _refuse(self, what: str, strays: list[str]) -> None:
        if strays:
            raise PipelineError(what, where=self._where, value=", ".join(strays), cure=CURE)

    def _libraries(self, name: str) -> set[str]:
        """Return the libraries that the counted names of a module come from."""
        everything = name in self.reach.modules and name not in self.reach.names
        names = self.reach.names.get(name, frozenset())
        values = [value for key, value in vars(sys.modules[name]).items() if everything or key in names]
        homes = [value.__name__ if isinstance(value, ModuleType) else _home(value) for value in values]
        return {library for home in homes if (library := library_of(home.split(".")[0])[1])}

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
            self._read.add(os.fspath(arguments[0]))

    def _undeclared(self) -> list[str]:
        package = f"{SOURCE / PACKAGE}{os.sep}"
        paths = {os.path.realpath(path) for path in self._read if not path.endswith((".py", ".pyc"))}
        opened = {path for path in paths if path.startswith(package) and "__pycache__" not in path}
        return sorted(opened - {os.path.realpath(path) for path in self.reach.data})


def _home(value: object) -> str:
    home = getattr(value, "__module__", None)
    return home if isinstance(home, str) else ""


def _remove_uncovered(module: ModuleType, covered: frozenset[str]) -> None:
    """Remove from a plug-in the definitions that the digest does not cover; using one raises PipelineError."""
    removed = {name for name in vars(module) if not name.startswith("__") and name not in covered}

    def refuse(name: str) -> Any:
        if name not in removed:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        cure = "list it in the annotation of the setting that names the plug-in: `members=(...)`"
        raise PipelineError(
            "this job uses a definition that its code digest does not cover",
            where=module.__name__,
            value=name,
            cure=cure,
        )

    for name in removed:
        delattr(module, name)
    vars(module)["__getattr__"] = refuse
