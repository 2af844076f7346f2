"""The digest of the code that a job runs: of everything that its script reaches by imports, and the imported libraries.

A module counts as a whole, with its imports. A module that only binds names when it is imported (`module.py`) counts
by definition: a benchmark's prompt and its scorer can share a file and still make different stages stale.
`refused.py` lists the constructs that the digest refuses because it cannot follow them. Comments, docstrings,
descriptions of settings and formatting do not count. The digest is computed from node names and non-empty fields of
the syntax tree, so that it is equal in all Python versions.
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

    A plug-in is `package.module` (all of it) or `package.module:name` (that definition and what it reaches). Raise
    PipelineError for a construct that the digest cannot follow.
    """
    return shortened("\n".join(f"{name} {digest}" for name, digest in code_modules(script, *plugins).items()))


def code_modules(script: Path, *plugins: str) -> dict[str, str]:
    """Return the digests of the script and of the reached part of each module, sorted by name."""
    return reach(script, *plugins).modules


@cache
def reach(script: Path, *plugins: str) -> Reach:
    """Return what the script and the plug-ins reach; source is read once per process and parsed once per state."""
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
    """Return the file of a module of the package, or None."""
    return _tree(SOURCE).path(name)


def imported_by_neutral(names: frozenset[str]) -> frozenset[str]:
    """Return the modules of the package that these neutral modules import, directly or indirectly."""
    tree = _tree(SOURCE)
    seen: set[str] = set()
    stack = sorted(names & NEUTRAL)
    while stack:
        name = stack.pop()
        if name in seen or tree.path(name) is None:
            continue
        seen.add(name)
        module = tree.module(name)
        imports = module.imports_anywhere if name in NEUTRAL else module.imports
        internal = [each for each in imports if each.module.split(".")[0] == PACKAGE]
        stack += [each.module for each in internal] + [f"{each.module}.{each.name}" for each in internal]
        stack += [name.rpartition(".")[0]] if "." in name else []
    return frozenset(seen)
