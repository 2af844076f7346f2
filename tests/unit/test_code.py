"""The code digest: what counts as an edit, and of what."""

import shutil
from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import module_name, names
from pipeline_lib.job.code import digest as code
from pipeline_lib.job.code.digest import SOURCE
from pipeline_lib.job.code.module import PACKAGE
from pipeline_lib.job.code.tree import Tree
from pipeline_lib.job.code.walk import NEUTRAL, Walk
from tests.project import ROOT
from tests.unit.small_package import NOPE, TARGET, Digest, digest_in

KINDS = [
    "benchmarks",
    "engines",
    "families",
    "judges",
    "prompts",
    "recipes",
    "sampling",
    "servers",
    "sources",
    "weights",
]


@pytest.fixture()
def digest(tmp_path: Path) -> Digest:
    return digest_in(tmp_path)


PLAIN = '''import logging
from math import ceil
from pydantic import BaseModel, Field
from pipeline_lib.scoring.words import aside, said

logger = logging.getLogger(__name__)
WORDS = frozenset({"no"})
RATE = 2  # a comment


class Settings(BaseModel):
    """Settings."""

    rate: int = Field(default=1, description="what it is")


def judge(text: str, by: "Settings | None" = None) -> int:
    """Say what it returns."""
    return ceil(said(text) * RATE)


def other(text):
    return aside(text) if text in WORDS else RATE
'''


@pytest.mark.parametrize(
    "edit",
    [
        ("plugin.py", "  # a comment", ""),
        ("plugin.py", "Say what it returns.", "Return a number."),
        ("plugin.py", "what it is", "what it is for"),
        ("plugin.py", "return ceil(said(text) * RATE)", "return ceil(\n        said(text)\n        * RATE\n    )"),
        ("plugin.py", "aside(text) if", "3 * aside(text) if"),
        ("plugin.py", 'frozenset({"no"})', 'frozenset({"no", "nope"})'),
        (
            "plugin.py",
            "from math import ceil\n",
            "import os.path\nimport os\nfrom math import ceil\nfrom math import floor\n",
        ),
        ("scoring/words.py", "    return text\n", "    return -text\n"),
        ("script.py", "A script.", "The script."),
    ],
)
def test_what_cannot_change_a_result_does_not_count(digest: Digest, edit: tuple[str, str, str]) -> None:
    assert digest(PLAIN, edit) == digest(PLAIN)


@pytest.mark.parametrize(
    "edit",
    [
        ("plugin.py", "RATE = 2", "RATE = 3"),
        ("plugin.py", "default=1", "default=2"),
        ("plugin.py", "said(text) * RATE", "RATE * said(text)"),
        ("plugin.py", "RATE = 2", "RATE = 2\nprint('at import')"),
        ("plugin.py", "RATE = 2", "RATE = 2\nsaid.rate = 3"),
        ("other.py", "return x", "return x + 1"),
        ("script.py", "steady(1)", "steady(2)"),
        NOPE,
    ],
)
def test_what_is_reached_counts(digest: Digest, edit: tuple[str, str, str]) -> None:
    assert digest(PLAIN, edit) != digest(PLAIN)


def test_a_class_of_ours_may_be_inherited_from_in_a_plain_module(digest: Digest) -> None:
    plugin = "from pipeline_lib.rows import Row\n\n\nclass A(Row):\n    x: int = 1\n\n\n" + PLAIN
    rows = "from pydantic import BaseModel\n\n\nclass Row(BaseModel):\n    y: int = 1\n"
    edit = ("plugin.py", "aside(text) if", "3 * aside(text) if")
    assert digest(plugin, edit, rows=rows) == digest(plugin, rows=rows)
    effect = rows + "\n    def __init_subclass__(cls):\n        pass\n"
    with pytest.raises(PipelineError, match="__init_subclass__"):
        digest(plugin, rows=effect)


DATA_CLASS = """from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    read: Callable[[str], str]
    name: str = "x"

    def __call__(self, text):
        return self.read(text)
"""
HOLDING = """from pipeline_lib.rules import Rule
from pipeline_lib.scoring.words import aside, said

TABLE = {"one": Rule(said, name="one")}
judge = Rule(said)
other = Rule(aside, "other")
"""


def test_a_plain_module_may_construct_data_classes(digest: Digest) -> None:
    beside = ("plugin.py", 'Rule(aside, "other")', 'Rule(aside, "others")')
    assert digest(HOLDING, beside, rules=DATA_CLASS) == digest(HOLDING, rules=DATA_CLASS)
    for edit in (
        ("plugin.py", "judge = Rule(said)", "judge = Rule(aside)"),
        ("rules.py", "self.read(text)", "self.read(text + text)"),
        NOPE,
    ):
        assert digest(HOLDING, edit, rules=DATA_CLASS) != digest(HOLDING, rules=DATA_CLASS)


@pytest.mark.parametrize(
    "edit",
    [
        ("rules.py", "(frozen=True)", "()"),
        ("rules.py", "    def __call__", "    def __post_init__(self):\n        print(1)\n\n    def __call__"),
        ("rules.py", "    def __call__", "    def __new__(cls, *a):\n        return cls\n\n    def __call__"),
        ("rules.py", 'name: str = "x"', "name: list[str] = field(default_factory=list)"),
        ("rules.py", "class Rule:", "class Base:\n    def __init__(self):\n        print(1)\n\n\nclass Rule(Base):"),
        ("rules.py", "from dataclasses import dataclass", "dataclass = print"),
        ("plugin.py", "judge = Rule(said)", "judge = Rule(*[said])"),
        ("plugin.py", "judge = Rule(said)", "judge = Rule(said(1))"),
        ("plugin.py", "judge = Rule(said)", "judge = said(Rule)"),
    ],
)
def test_a_construction_that_runs_code_makes_the_whole_module_count(digest: Digest, edit: tuple[str, str, str]) -> None:
    beside = ("plugin.py", 'Rule(aside, "other")', 'Rule(aside, "others")')
    assert digest(HOLDING, edit, beside, rules=DATA_CLASS) != digest(HOLDING, edit, rules=DATA_CLASS)


def test_a_plugin_counts_whole_or_by_its_named_definition(digest: Digest) -> None:
    edit = ("plugin.py", "aside(text) if", "3 * aside(text) if")
    assert digest(PLAIN, edit, target="pipeline_lib.plugin") != digest(PLAIN, target="pipeline_lib.plugin")
    assert digest(PLAIN, edit) == digest(PLAIN)


def test_a_definition_that_a_plugin_imports_counts_alone(digest: Digest) -> None:
    plugin = "from pipeline_lib.scoring.words import aside, said\n"
    target, other = "pipeline_lib.plugin:said", ("scoring/words.py", "return text", "return text + text")
    assert digest(plugin, other, target=target) == digest(plugin, target=target)
    assert digest(plugin, NOPE, target=target) != digest(plugin, target=target)


def test_the_order_counts_in_which_modules_with_an_effect_are_imported(digest: Digest) -> None:
    plugin = "from pipeline_lib.first import a\nfrom pipeline_lib.second import b\n\n\ndef judge(x):\n    return a, b\n"
    more = {"first": "print(1)\na = 1\n", "second": "print(2)\nb = 1\n"}
    first, second, _ = plugin.split("\n", 2)
    swapped = ("plugin.py", f"{first}\n{second}", f"{second}\n{first}")
    assert digest(plugin, swapped, **more) != digest(plugin, **more)


def test_declared_data_files_count_where_they_are_read(digest: Digest, tmp_path: Path) -> None:
    plugin = (
        'from pathlib import Path\n\nDATA_FILES = ("words.txt",)\nHERE = Path(__file__).parent\n\n\n'
        'def judge(text):\n    return (HERE / "words.txt").read_text()\n\n\ndef other(text):\n    return text\n'
    )
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "words.txt").write_text("no")
    reading, beside = digest(plugin), digest(plugin, target="pipeline_lib.plugin:other")
    (tmp_path / PACKAGE / "words.txt").write_text("nope")
    assert digest(plugin) != reading
    assert digest(plugin, target="pipeline_lib.plugin:other") == beside


def test_libraries_follow_from_the_imports_that_are_reached(tmp_path: Path) -> None:
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").write_text("")
    (tmp_path / PACKAGE / "plugin.py").write_text(
        "import numpy as np\nfrom PIL import Image\nfrom pydantic import BaseModel\n\n\n"
        "def judge(x):\n    import tokenizers.models\n    return np.sum(x), BaseModel\n\n\ndef other(x):\n    return Image.new(x)\n"
    )
    (tmp_path / "script.py").write_text("")
    assert Walk(Tree(tmp_path)).reach(tmp_path / "script.py", TARGET).libraries == {"numpy", "tokenizers"}
    assert Walk(Tree(tmp_path)).reach(tmp_path / "script.py", "pipeline_lib.plugin:other").libraries == {"pillow"}


def test_the_list_of_neutral_modules_is_short_and_real() -> None:
    assert {name.removeprefix("pipeline_lib.") for name in NEUTRAL} == {
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
    }
    assert [name for name in NEUTRAL if not Tree(SOURCE).path(name)] == []


def test_every_script_of_the_project_can_be_digested() -> None:
    digests = [code.code_digest(script) for script in sorted((ROOT / "workflow_scripts").glob("*.py"))]
    assert len(set(digests)) == len(digests) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_of_the_project_can_be_digested(kind: str) -> None:
    script = ROOT / "workflow_scripts" / "score.py"
    assert names(kind) and all(code.code_digest(script, module_name(kind, name)) for name in names(kind))


def test_the_encoding_of_a_source_counts(digest: Digest) -> None:
    plugin = "X = 'ä'\n\n\ndef judge(x):\n    return X\n"
    edit = ("plugin.py", '"""The plug-in."""', '# coding: latin-1\n"""The plug-in."""')
    assert digest(plugin, edit) != digest(plugin)


def test_an_expression_that_is_nested_too_deeply_is_refused(digest: Digest) -> None:
    with pytest.raises(PipelineError, match="nested too deeply"):
        digest("X = " + " + ".join(["1"] * 2000) + "\n\n\ndef judge(x):\n    return X\n")


@pytest.mark.parametrize("name", names("benchmarks"))
def test_predicting_reaches_the_questions_of_a_benchmark_and_no_scorer(name: str) -> None:
    module = f"{PACKAGE}.benchmarks.{name}"
    reached = code.reach(ROOT / "workflow_scripts" / "predict.py", f"{module}:questions")
    shared = {name: names for name, names in reached.names.items() if name.startswith(f"{PACKAGE}.benchmarks.")}
    assert "questions" in shared[module] and not set().union(*shared.values()) & {"gold", "SCORER", "DATA"}


@pytest.mark.parametrize(
    ("edit", "rerun"),
    [
        (("refcoco.py", '"refcoco_{part}"', '"refcoco-{part}"'), {"predict", "score"}),
        (("families/boxes.py", "PER_MILLE = 1000", "PER_MILLE = 999"), {"score"}),
        (("families/boxes.py", "at_least=0.1", "at_least=0.2"), {"score"}),
        (("refcoco.py", "https://", "http://"), set()),
        (("families/data.py", "[self.questions, *", "[*"), set()),
    ],
    ids=["its rows", "its family's reader", "its family's metrics", "where its files are", "what states that"],
)
def test_an_edit_of_a_benchmark_or_its_family_reruns_what_uses_it(
    tmp_path: Path, edit: tuple[str, str, str], rerun: set[str]
) -> None:
    def digests(source: Path) -> dict[str, object]:
        walk, module = Walk(Tree(source)), f"{PACKAGE}.benchmarks.refcoco"
        plugins = {"predict": ("questions",), "score": ("questions", "gold", "cluster", "SCORER", "PRIMARY")}
        script = ROOT / "workflow_scripts/convert.py"  # with little code of its own
        return {
            stage: walk.reach(script, *(f"{module}:{member}" for member in members)).modules
            for stage, members in plugins.items()
        }

    shutil.copytree(SOURCE / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    file, old, new = edit
    path = tmp_path / PACKAGE / "benchmarks" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    before, after = digests(SOURCE), digests(tmp_path)
    assert {stage for stage in before if before[stage] != after[stage]} == rerun


@pytest.mark.parametrize("name", names("benchmarks"))
def test_scoring_reaches_the_scorer_and_not_where_the_data_come_from(name: str) -> None:
    module = f"{PACKAGE}.benchmarks.{name}"
    members = [f"{module}:{member}" for member in ("questions", "gold", "cluster", "SCORER", "PRIMARY")]
    reached = code.reach(ROOT / "workflow_scripts" / "score.py", *members)
    assert "SCORER" in reached.names[module] and "DATA" not in reached.names[module]
