"""The constructs that the code digest cannot follow and therefore refuses in the code of a job."""

import re
from typing import NamedTuple

CONSTANT = "put the text into a constant of the module"
BY_NAME = "import what you need by its name: `from package.module import name`"
ABSOLUTE = "name the module in full: `from pipeline_lib.package.module import name`"
SETTING = "make it a setting of the study"
FILES = 'name the files in the module: DATA_FILES = ("words.json",), and open them by Path(__file__).parent'


class Refusal(NamedTuple):
    """A refused construct in the source, its line, and what to write instead."""

    line: int
    construct: str
    cure: str


# Modules of the standard library that load code or read source without import statements, and all their members.
MODULES = {
    **dict.fromkeys(("importlib", "imp", "pkgutil", "runpy", "zipimport", "code", "codeop", "builtins"), BY_NAME),
    **dict.fromkeys(("gc", "ctypes", "marshal", "site", "unittest", "__main__", "logging.config"), BY_NAME),
    **dict.fromkeys(("inspect", "pydoc", "doctest", "linecache", "tokenize", "ast", "dis"), CONSTANT),
    **dict.fromkeys(("sys.modules", "sys.path", "sys.meta_path", "sys.path_hooks", "sys.path_importer_cache"), BY_NAME),
    **dict.fromkeys(("sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile"), BY_NAME),
    **dict.fromkeys(("types.FunctionType", "types.CodeType", "types.ModuleType", "pydantic.ImportString"), BY_NAME),
    **dict.fromkeys(("os.environ", "os.environb", "os.getenv", "os.getenvb", "posix.environ"), SETTING),
    **dict.fromkeys(("os.path.expandvars", "posixpath.expandvars"), SETTING),
    "importlib.resources": FILES,
}

# Modules that many others have as an attribute, such as `shutil.os`; what is refused of them is refused there too.
CARRIED = frozenset(("sys", "os", "importlib", "builtins", "ctypes", "linecache", "pkgutil", "posix", "posixpath"))

# They return whether a library is installed, where, and in which version.
ABOUT_LIBRARIES = frozenset(
    ("importlib.metadata.distribution", "importlib.metadata.version", "importlib.util.find_spec")
)
ALLOWED = ABOUT_LIBRARIES | {"importlib.metadata.PackageNotFoundError"}

# Modules of this package that may use some of these: those that import plug-ins, which `job.code.guard` checks,
# the one that finds the key of a server, and the ones that start the processes of a training or a server.
EXEMPT = {
    "pipeline_lib.core.plugins": ("importlib.import_module", "pkgutil", "types.ModuleType", "__file__"),
    "pipeline_lib.endpoints.keys": ("os.environ",),
    "pipeline_lib.machine.bound_program": ("os.environ",),
    "pipeline_lib.machine.keeper": ("ctypes",),
    "pipeline_lib.report.discovery": ("importlib.import_module", "pkgutil", "__file__"),
    "pipeline_lib.training.launch": ("os.environ",),
    "pipeline_lib.training.nodes": ("os.environ",),
}

# Built-in names that reach other names by a string, or that only describe the code.
BUILTINS = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__", "globals", "locals", "vars", "breakpoint"), BY_NAME),
    **dict.fromkeys(("__builtins__", "__loader__", "__spec__", "__path__", "__cached__", "__package__"), BY_NAME),
    "__doc__": CONSTANT,
}

ATTRIBUTES = {
    **dict.fromkeys(("__globals__", "__builtins__", "__code__", "__closure__", "__loader__", "__spec__"), BY_NAME),
    **dict.fromkeys(("__path__", "__import__", "__subclasses__", "f_globals", "f_locals", "gi_frame"), BY_NAME),
    **dict.fromkeys(("__file__", "__cached__"), FILES),
    "__doc__": CONSTANT,
    **dict.fromkeys(("model_fields", "model_json_schema", "json_schema", "schema_json"), CONSTANT),  # hold descriptions
    **dict.fromkeys(("__fields__", "__pydantic_fields__", "__pydantic_core_schema__"), CONSTANT),
}

# Methods of a class that run when another module defines a class.
HOOKS = frozenset({"__init_subclass__", "__pydantic_init_subclass__", "__set_name__", "__class_getitem__"})
HOOK_CURE = "call a function where the class is used"


def refused_import(dotted: str) -> str | None:
    """Return the cure for a refused import of the standard library or another library, or None if it is allowed."""
    if dotted in ALLOWED:
        return None
    parts = dotted.split(".")
    starts = [0, *(index for index, part in enumerate(parts) if part in CARRIED and index)]
    prefixes = (".".join(parts[start:end]) for start in starts for end in range(len(parts), start, -1))
    return next((MODULES[prefix] for prefix in prefixes if prefix in MODULES), None)


def is_exempt(module: str, construct: str) -> bool:
    """Return whether this module may use the construct."""
    return any(f"{construct}.".startswith(f"{allowed}.") for allowed in EXEMPT.get(module, ()))


def refused_text(text: str) -> str | None:
    """Return the cure for a string that names a refused attribute, as in `getattr`, or None."""
    return ATTRIBUTES.get(text) if text.startswith("_") or text.startswith("model_") else None


TYPE = re.compile(r"\s*[^\W\d][\w.]*\s*([\[|].*)?", flags=re.DOTALL)


def names_in_text(text: str) -> list[str]:
    """Return the names in a string that can be a type, such as "Inner" or "list[Inner]"; none for other strings."""
    return re.findall(r"[^\W\d]\w*", text) if TYPE.fullmatch(text) else []
