"""The walk over the package's source: collects all code that a script and its plug-ins reach."""

from pathlib import Path
from typing import NamedTuple

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.job.code.libraries import named_libraries
from pipeline_lib.job.code.module import PACKAGE, Module
from pipeline_lib.job.code.refused import is_exempt
from pipeline_lib.job.code.statement import FILE, Import, shortened
from pipeline_lib.job.code.tree import EVERYTHING, IMPORTED, Target, Tree, libraries_of

# These modules cannot change the content of an output; a test keeps the list short. The transfer of downloads is
# among them: the pin determines the content; so is what decides when a server is asked, not what.
NEUTRAL = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        *("core.errors", "core.files", "core.locks", "fetching.look", "training.memory"),
        "training.need",
        *("downloads.drive", "downloads.hosts", "downloads.pins", "downloads.store", "downloads.transfer"),
        *("endpoints.access", "endpoints.budget", "endpoints.faults", "endpoints.keys", "endpoints.pace"),
        "endpoints.streaming",
        *("job.job", "job.log", "job.manifest", "job.program", "job.record", "job.removal", "job.resume", "job.reuse"),
        *("job.progress", "job.warm_server", "job.warm_start", "training.reporting", "training.telemetry"),
        *("job.code.digest", "job.code.guard", "job.code.libraries", "job.code.memory", "job.code.module"),
        *("job.code.data_classes", "job.code.refused", "job.code.statement", "job.code.tree", "job.code.walk"),
        *("machine.commands", "machine.environment", "machine.facts", "machine.gpus", "machine.memory"),
        *("machine.gpu_use", "machine.slurm_job"),
    )
)

ORDER = "order of imports"


class Reach(NamedTuple):
    """The code of a job.

    `modules` has the digest of the counted part of every module, `names` the counted definitions of the modules that
    count in part, `imported` all modules of the package that imports may reach, without neutral ones and those that
    only these import, `libraries` the libraries that the code imports, and `data` the data files that it reads.
    """

    modules: dict[str, str]
    names: dict[str, frozenset[str]]
    imported: frozenset[str]
    libraries: frozenset[str]
    data: frozenset[Path]


class Node(NamedTuple):
    """The digest of one target, the targets that it leads to, and the libraries and data files that it uses itself."""

    digest: str
    targets: list[Target]
    libraries: frozenset[str] = frozenset()
    data: tuple[Path, ...] = ()


class Walk:
    """The walk over one source tree; each target is processed once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._nodes: dict[Target, Node] = {}

    def reach(self, script: Path, *plugins: str) -> Reach:
        """Return what the script and the plug-ins reach."""
        start = Target(script.name, EVERYTHING)
        try:
            nodes = {
                start: self._counted(
                    Module(script.name, script, lambda dotted: False, lambda dotted: False), EVERYTHING
                )
            }
            targets = _in_order([*nodes[start].targets, *map(_plugin_target, plugins)])
            while targets:
                target = targets.pop()
                if target not in nodes:
                    nodes[target] = self._node(target)
                    targets += _in_order(nodes[target].targets)
        except RecursionError as error:
            raise PipelineError("an expression is nested too deeply for the code digest", where=script) from error
        return _reach(nodes, {name for name, kind in nodes if kind == IMPORTED and not self._tree.module(name).plain})

    def _node(self, target: Target) -> Node:
        if target not in self._nodes:
            module = self._tree.module(target.module)
            if target.module in NEUTRAL:
                self._nodes[target] = self._passed_on(module, target.name, "")
            else:
                self._nodes[target] = self._definition(module, target.name)
        return self._nodes[target]

    def _definition(self, module: Module, name: str) -> Node:
        if name == IMPORTED:
            return self._importing(module)
        if name == EVERYTHING:
            return self._counted(module, name)
        if not module.plain:
            return Node("", [Target(module.name, EVERYTHING)])
        if name in module.imported:
            text = "\n".join(each.text for each in module.imports if each.bound == name)
            return self._passed_on(module, name, shortened(text))
        if name in module.defined:
            return self._counted(module, name)
        raise PipelineError(
            f"{module.name} has no definition of this name",
            where=module.path,
            value=name,
            cure="correct the import, or define the name at the top level: `def`, `class` or `NAME = ...`",
        )

    def _importing(self, module: Module) -> Node:
        """Return the code that an import runs: parent packages, imports, and the whole module unless it is plain."""
        modules = [target.module for each in module.imports for target in self._tree.targets(each, module)]
        parents = [module.name.rpartition(".")[0]] if "." in module.name else []
        targets = [Target(name, IMPORTED) for name in (*parents, *modules) if name not in NEUTRAL]
        return Node("", targets if module.plain else [*targets, Target(module.name, EVERYTHING)])

    def _passed_on(self, module: Module, name: str, digest: str) -> Node:
        """Return the node of a name that a module imports, or of all imports if a whole neutral module is used."""
        imports = [each for each in module.imports if name in (each.bound, EVERYTHING)]
        return Node(digest, *self._followed(imports, module))

    def _counted(self, module: Module, name: str) -> Node:
        """Return the node of a definition, or of a whole module."""
        statement = module.whole if name == EVERYTHING else module.definition(name)
        for line, construct, cure in statement.refusals(module.dotted):
            if not is_exempt(module.name, construct):
                where, what = f"{module.path}:{line}", f"the code digest cannot follow `{construct}`"
                raise PipelineError(what, where=where, value=construct, cure=cure)
        targets, libraries = self._followed(statement.imports, module)
        if name != EVERYTHING:
            names = [each for each in statement.names if each in module.defined or each in module.imported]
            targets += [Target(module.name, each) for each in sorted(names)]
        texts = sorted(text for text in statement.texts if text.startswith(f"{PACKAGE}."))
        targets += [Target(text, EVERYTHING) for text in texts if self._tree.path(text)]
        if statement.asks_about_libraries(module.dotted):
            libraries |= named_libraries(statement.texts)
        reads = statement.reads_files and not is_exempt(module.name, FILE)
        data = tuple(module.data_files) if reads else ()
        return Node(statement.digest + (module.data if reads else ""), targets, libraries, data)

    def _followed(self, imports: list[Import], module: Module) -> tuple[list[Target], frozenset[str]]:
        targets = [target for each in imports for target in self._tree.targets(each, module)]
        libraries = {library for each in imports for library in libraries_of(each, module)}
        others = [Target(name, IMPORTED) for name in dict.fromkeys(target.module for target in targets)]
        itself = [Target(module.name, IMPORTED)] if self._tree.path(module.name) else []
        imported = [target for target in (*itself, *others) if target.module not in NEUTRAL]
        return [*imported, *targets], frozenset(libraries)


def _reach(nodes: dict[Target, Node], whole: set[str]) -> Reach:
    lines: dict[str, list[str]] = {}
    names: dict[str, set[str]] = {}
    for (module, name), node in sorted(nodes.items()):
        if node.digest:
            lines.setdefault(module, []).append(f"{name}:{node.digest}")
        if name != IMPORTED:
            names.setdefault(module, set()).add(name)
    modules = {module: shortened("\n".join(parts)) for module, parts in lines.items()}
    order = [module for module, name in nodes if name == IMPORTED and module in whole]
    modules |= {ORDER: shortened("\n".join(order))} if len(order) > 1 else {}
    return Reach(
        dict(sorted(modules.items())),
        {module: frozenset(reached) for module, reached in names.items() if EVERYTHING not in reached},
        frozenset(module for module, name in nodes if name == IMPORTED),
        frozenset(library for node in nodes.values() for library in node.libraries),
        frozenset(path for node in nodes.values() for path in node.data),
    )


def _in_order(targets: list[Target]) -> list[Target]:
    """Return targets as a stack that pops imports first, in the order in which they run."""
    imports = [target for target in targets if target.name == IMPORTED]
    others = [target for target in targets if target.name != IMPORTED]
    return [*reversed(others), *reversed(imports)]


def _plugin_target(plugin: str) -> Target:
    module, _, name = plugin.partition(":")
    return Target(module, name or EVERYTHING)
