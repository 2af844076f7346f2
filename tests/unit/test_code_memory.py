"""What a walk over the source reached is remembered while no byte of the source changes, and never longer."""

from pathlib import Path
from typing import Callable

import pytest

from pipeline_lib.job.code.memory import CodeMemory
from pipeline_lib.job.code.tree import Tree
from pipeline_lib.job.code.walk import Reach, Walk

PLUGINS = ("pipeline_lib.plugin:judge",)
PLUGIN = 'DATA_FILES = ("words.txt",)\nWORDS = __file__\n\n\ndef judge(x):\n    return WORDS\n'


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Write a package with one plug-in, which reads a data file, and return a script beside it."""
    package = tmp_path / "src/pipeline_lib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(PLUGIN)
    (package / "words.txt").write_text("yes no")
    (tmp_path / "script.py").write_text("X = 1\n")
    return tmp_path / "script.py"


def memory(script: Path) -> CodeMemory:
    return CodeMemory(script.parent / "src", script.parent / "memory")


def reach(script: Path) -> Reach:
    return Walk(Tree(script.parent / "src")).reach(script, *PLUGINS)


def keep(script: Path) -> None:
    remembering = memory(script)
    assert remembering.recall(script, PLUGINS) is None
    remembering.keep(script, PLUGINS, reach(script))


def test_what_is_recalled_is_what_was_reached(script: Path) -> None:
    keep(script)
    assert memory(script).recall(script, PLUGINS) == reach(script)
    assert reach(script).data and memory(script).recall(script, ("pipeline_lib.plugin",)) is None


EDITS: dict[str, Callable[[Path], object]] = {
    "a module": lambda root: (root / "src/pipeline_lib/plugin.py").write_text(PLUGIN.replace("WORDS\n", "None\n")),
    "a comment": lambda root: (root / "src/pipeline_lib/plugin.py").write_text(PLUGIN + "# why\n"),
    "a data file": lambda root: (root / "src/pipeline_lib/words.txt").write_text("no yes"),
    "a new module": lambda root: (root / "src/pipeline_lib/other.py").write_text(""),
    "a new name": lambda root: (root / "src/pipeline_lib/words.txt").rename(root / "src/pipeline_lib/texts.txt"),
    "the script": lambda root: (root / "script.py").write_text("X = 2\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_any_edit_makes_it_forget(script: Path, edit: str) -> None:
    keep(script)
    EDITS[edit](script.parent)
    assert memory(script).recall(script, PLUGINS) is None


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_read_while_somebody_edited_is_not_kept(script: Path, edit: str) -> None:
    before = memory(script)
    assert before.recall(script, PLUGINS) is None
    reached = reach(script)
    EDITS[edit](script.parent)
    before.keep(script, PLUGINS, reached)
    assert not (script.parent / "memory").exists()


def test_a_linked_folder_of_the_source_counts(script: Path) -> None:
    (script.parent / "src/pipeline_lib").rename(script.parent / "elsewhere")
    (script.parent / "src/pipeline_lib").symlink_to(script.parent / "elsewhere")
    keep(script)
    (script.parent / "elsewhere/words.txt").write_text("no yes")
    assert memory(script).recall(script, PLUGINS) is None


def test_what_reads_a_file_beside_the_source_is_not_remembered(script: Path) -> None:
    (script.parent / "words.txt").write_text("yes no")
    outside = PLUGIN.replace("words.txt", "../../words.txt")
    (script.parent / "src/pipeline_lib/plugin.py").write_text(outside)
    keep(script)
    assert memory(script).recall(script, PLUGINS) is None


def test_a_file_that_nobody_may_read_is_no_matter(script: Path) -> None:
    (script.parent / "src/pipeline_lib/.#lock").symlink_to("nowhere")
    keep(script)
    assert memory(script).recall(script, PLUGINS) == reach(script)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"modules": {}, "names": []}', "\xff"])
def test_a_broken_memory_is_no_memory(script: Path, content: str) -> None:
    keep(script)
    (file,) = (script.parent / "memory").rglob("*.json")
    file.write_bytes(content.encode("latin-1"))
    assert memory(script).recall(script, PLUGINS) is None


def test_older_states_of_the_source_are_dropped(script: Path) -> None:
    keep(script)
    EDITS["a comment"](script.parent)
    keep(script)
    assert len(list((script.parent / "memory").iterdir())) == 1


def test_a_memory_that_cannot_be_written_remembers_nothing(script: Path) -> None:
    (script.parent / "memory").write_text("a file in its place")
    keep(script)
    assert memory(script).recall(script, PLUGINS) is None
