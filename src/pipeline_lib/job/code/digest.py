"""Digest of the code that a job runs: of what a script reaches by imports, and the libraries that this code imports.

A module counts whole, with its imports. A module that only binds names when it is imported (`code_module`) counts
definition by definition: a benchmark's prompt and its scorer can share a file and still make different stages stale.
What a digest cannot follow is refused by name (`code_refused`). Comments, docstrings, descriptions of settings and
formatting do not count. It is made from syntax-tree node names and non-empty fields, so that Python versions agree.
"""

from functools import cache
from pathlib import Path

from pipeline_lib.job.code.memory import CodeMemory
from pipeline_lib.job.code.module import PACKAGE
from pipeline_lib.job.code.statement import shortened
from pipeline_lib.job.code.tree import Tree
from pipeline_lib.job.code.walk import NEUTRAL, Reach, Walk

SOURCE = Path(__file__).parents[3]


def code_digest(script: Path, *plugins: str) -> str:
    """Return 16 hexadecimal digits for `script` and the plug-ins that the job names.

    A plug-in is `package.module` (all of it) or `package.module:name` (that definition and what it reaches). A
    construct that cannot be followed raises PipelineError.
    """
    return shortened("\n".join(f"{name} {digest}" for name, digest in code_modules(script, *plugins).items()))


def code_modules(script: Path, *plugins: str) -> dict[str, str]:
    """Return the digests of the script and of what it reaches of each module, by name, sorted."""
    return reach(script, *plugins).modules


@cache
def reach(script: Path, *plugins: str) -> Reach:
    """Return what the script and the plug-ins reach; the source is read once a process, and parsed once a state."""
    remembered = _memory(SOURCE).recall(script, plugins)
    if remembered is None:
        remembered = _walk(SOURCE).reach(script, *plugins)
        _memory(SOURCE).keep(script, plugins, remembered)
    return remembered


@cache
def _memory(source: Path) -> CodeMemory:
    return CodeMemory(source)


@cache
def _tree(source: Path) -> Tree:
    return Tree(source)


@cache
def _walk(source: Path) -> Walk:
    return Walk(_tree(source))


def module_path(name: str) -> Path | None:
    """Return the file of a module of the package, None where there is none."""
    return _tree(SOURCE).path(name)


def imported_by_neutral(names: frozenset[str]) -> frozenset[str]:
    """Return what these neutral modules import within the package, and what that imports in turn."""
    tree = _tree(SOURCE)
    seen: set[str] = set()
    stack = sorted(names & NEUTRAL)
    while stack:
        name = stack.pop()
        if name in seen or tree.path(name) is None:
            continue
        seen.add(name)
        module = tree.module(name)
        imports = module.whole.imports if name in NEUTRAL else module.imports
        own = [each for each in imports if each.module.split(".")[0] == PACKAGE]
        stack += [each.module for each in own] + [f"{each.module}.{each.name}" for each in own]
        stack += [name.rpartition(".")[0]] if "." in name else []
    return frozenset(seen)
