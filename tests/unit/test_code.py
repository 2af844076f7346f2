"""The code digest: what counts as an edit, and of what."""

import ast
from pathlib import Path

import pytest

from pipeline_lib.core import code

MODULE = '''"""What the module is for."""
from pipeline_lib.helper import limit, unused

RATE = 2  # a comment
SHARE = Field(default=1, description="what it is")


def used(x):
    """Say what it returns."""
    return limit(x) * RATE * SHARE


def other(x):
    return unused(x)
'''
HELPER = '''"""Helps."""


def limit(x):
    return min(x, 10)


def unused(x):
    return x
'''
SCRIPT = '''"""A script."""
from pipeline_lib.module import used

if __name__ == "__main__":
    used(1)
'''


@pytest.fixture()
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that digests the script after edits given as (module, old, new)."""
    package = tmp_path / "pipeline_lib"
    package.mkdir()
    monkeypatch.setattr(code, "SOURCE", tmp_path)

    def compute(*edits: tuple[str, str, str], plugins: tuple[str, ...] = ()) -> str:
        texts = {
            "module": MODULE,
            "helper": HELPER,
            "script": SCRIPT,
            "plugin": MODULE.replace("module", "plugin"),
            "__init__": "",
        }
        for name, old, new in edits:
            assert old in texts[name]
            texts[name] = texts[name].replace(old, new)
        for name, text in texts.items():
            (package / f"{name}.py").write_text(text)
        code._module.cache_clear()
        code._script_digest.cache_clear()
        return code.code_digest(package / "script.py", *plugins)

    return compute


@pytest.mark.parametrize(
    "edit",
    [
        ("module", "  # a comment", ""),
        ("module", "Say what it returns.", "Return a number."),
        ("module", "what it is", "what it is for"),
        ("module", "return limit(x) * RATE * SHARE", "return (\n        limit(x)\n        * RATE * SHARE\n    )"),
        ("module", "    return unused(x)", "    return unused(x) + 1"),
        ("helper", "    return x\n", "    return -x\n"),
        ("script", "A script.", "The script."),
    ],
)
def test_what_cannot_change_a_result_does_not_count(digest, edit) -> None:  # type: ignore[no-untyped-def]
    assert digest(edit) == digest()


@pytest.mark.parametrize(
    "edit",
    [
        ("module", "RATE = 2", "RATE = 3"),
        ("module", "default=1", "default=2"),
        ("module", "Field(default=1", "Made(default=1"),
        ("module", "return limit(x) * RATE * SHARE", "return RATE * limit(x) * SHARE"),
        ("helper", "min(x, 10)", "min(x, 11)"),
        ("script", "used(1)", "used(2)"),
        ("module", "RATE = 2", "RATE = 2\nprint('at import')"),
        ("module", "RATE = 2", "RATE = 2\nlimit.rate = 3"),
        (
            "module",
            "    return limit(x) * RATE",
            "    from pipeline_lib.helper import unused\n    return limit(x) * RATE",
        ),
    ],
)
def test_what_is_reached_counts(digest, edit) -> None:  # type: ignore[no-untyped-def]
    assert digest(edit) != digest()


def test_a_plugin_counts_whole_or_by_its_named_definition(digest) -> None:  # type: ignore[no-untyped-def]
    edit = ("plugin", "    return unused(x)", "    return unused(x) + 1")
    whole, part = ("pipeline_lib.plugin",), ("pipeline_lib.plugin:used",)
    assert digest(edit, plugins=whole) != digest(plugins=whole)
    assert digest(edit, plugins=part) == digest(plugins=part)
    assert digest(plugins=part) != digest()


def test_a_name_is_followed_through_the_module_that_passes_it_on(digest) -> None:  # type: ignore[no-untyped-def]
    edit = ("script", "from pipeline_lib.module import used", "from pipeline_lib.module import limit as used")
    assert digest(edit) != digest(edit, ("helper", "min(x, 10)", "min(x, 11)"))
    assert digest(edit) == digest(edit, ("helper", "    return x\n", "    return -x\n"))


def test_a_whole_module_counts_where_it_is_imported_whole(digest) -> None:  # type: ignore[no-untyped-def]
    edit = ("module", "RATE = 2", "import pipeline_lib.helper\n\nRATE = 2")
    assert digest(edit) != digest(edit, ("helper", "    return x\n", "    return -x\n"))


def test_packages_do_nothing_when_imported() -> None:
    for path in (code.SOURCE / code.PACKAGE).rglob("__init__.py"):
        (docstring,) = ast.parse(path.read_text()).body
        assert isinstance(docstring, ast.Expr)


def test_the_list_of_neutral_modules_is_short_and_real() -> None:
    assert {name.removeprefix("pipeline_lib.") for name in code.NEUTRAL} == {
        "core.allocation",
        "core.errors",
        "core.files",
        "core.job",
        "core.kept",
        "core.log",
        "core.machine",
        "core.manifest",
        "core.program",
        "core.record",
        "core.removed",
        "core.room",
        "core.state",
        "downloads.drive",
        "downloads.hosts",
        "downloads.pins",
        "downloads.store",
        "downloads.transfer",
        "fetching.look",
        "training.memory",
    }
    for name in code.NEUTRAL:
        assert code._path(name).is_file()


def test_every_plugin_and_script_of_the_project_can_be_digested() -> None:
    root = Path(__file__).parent.parent.parent
    digests = [code.code_digest(script) for script in sorted((root / "workflow_scripts").glob("*.py"))]
    assert len(set(digests)) == len(digests) > 0
