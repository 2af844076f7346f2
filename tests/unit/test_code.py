"""The code digest: what counts as an edit, and of what; what it cannot follow is refused by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_lib.core import code
from pipeline_lib.core.code import SOURCE
from pipeline_lib.core.code_module import PACKAGE
from pipeline_lib.core.code_statement import shortened
from pipeline_lib.core.code_tree import Tree
from pipeline_lib.core.code_walk import NEUTRAL, Walk
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.registry import names

ROOT = Path(__file__).parent.parent.parent
TARGET = "pipeline_lib.plugin:judge"
SCRIPT = '"""A script."""\nfrom pipeline_lib.other import steady\n\nif __name__ == "__main__":\n    steady(1)\n'
FILES = {
    "__init__.py": '"""The package."""\n',
    "scoring/__init__.py": '"""Scoring."""\n',
    "scoring/words.py": '"""Words."""\n\nNO = frozenset({"no"})\n\n\ndef said(text):\n    return "no" if text in NO else "yes"\n\n\n'
    "def aside(text):\n    return text\n",
    "scoring/handing.py": '"""Hands on."""\nfrom pipeline_lib.scoring.words import said as parse\n',
    "scoring/patch.py": '"""Patches."""\nfrom pipeline_lib.scoring import words\n\nwords.NO = frozenset({"no"})\n',
    "bag/__init__.py": "from pipeline_lib.scoring.words import said\n",
    "hooked.py": "nothing = 0\n\n\nclass A:\n    def __init_subclass__(cls):\n        pass\n",
    "other.py": '"""Other."""\n\n\ndef steady(x):\n    return x\n',
}
Digest = Callable[..., str]


@pytest.fixture()
def digest(tmp_path: Path) -> Digest:
    """Return a function that digests the script and the plug-in of these texts, after edits as (file, old, new)."""

    def compute(plugin: str, *edits: tuple[str, str, str], target: str = TARGET, **more: str) -> str:
        texts = FILES | {"plugin.py": f'"""The plug-in."""\n{plugin}', "script.py": SCRIPT}
        texts |= {name.replace("__", "/") + ".py": text for name, text in more.items()}
        for name, old, new in edits:
            assert old in texts[name], (name, old)
            texts[name] = texts[name].replace(old, new)
        for name, text in texts.items():
            path = tmp_path / PACKAGE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        modules = Walk(Tree(tmp_path)).reach(tmp_path / PACKAGE / "script.py", target).modules
        return shortened(str(sorted(modules.items())))

    return compute


JUDGE = "\n\ndef judge(text):\n    return said(text)\n"
NOPE = ("scoring/words.py", '{"no"}', '{"no", "nope"}')

# A plug-in whose `judge` computes with words.py in some way, each with the edit that must count.
FOLLOWED = {
    "a re-export": ("from pipeline_lib.scoring.words import said as judge\n", NOPE),
    "a re-export through another module": ("from pipeline_lib.scoring.handing import parse as judge\n", NOPE),
    "a re-export that leads elsewhere": (
        "from pipeline_lib.scoring.handing import parse as judge\n",
        ("scoring/handing.py", "import said as", "import aside as"),
    ),
    "a module under another name": (
        "import pipeline_lib.scoring.words as w\n\n\ndef judge(text):\n    return w.said(text)\n",
        NOPE,
    ),
    "a module by getattr": (
        'from pipeline_lib.scoring import words\n\n\ndef judge(text):\n    return getattr(words, "sa" + "id")(text)\n',
        NOPE,
    ),
    "a module of a module": (
        "from pipeline_lib.scoring import patch\n\n\ndef judge(text):\n    return patch.words.said(text)\n",
        NOPE,
    ),
    "an import in a function": (
        "def judge(text):\n    from pipeline_lib.scoring.words import said\n    return said(text)\n",
        NOPE,
    ),
    "an import in a lambda's function": (
        "def late():\n    from pipeline_lib.scoring.words import said\n    return said\n\n\njudge = lambda text: late()(text)\n",
        NOPE,
    ),
    "an import in try": (
        "try:\n    from pipeline_lib.scoring.words import said\nexcept ImportError:\n    said = str\n" + JUDGE,
        NOPE,
    ),
    "the else of TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    said = str\nelse:\n"
        "    from pipeline_lib.scoring.words import said\n" + JUDGE,
        NOPE,
    ),
    "a TYPE_CHECKING of our own": (
        "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    from pipeline_lib.scoring.words import said\n" + JUDGE,
        NOPE,
    ),
    "an import for its effect": (
        "from pipeline_lib.scoring import patch  # noqa: F401\nfrom pipeline_lib.scoring.words import said\n" + JUDGE,
        ("scoring/patch.py", '{"no"}', '{"nope"}'),
    ),
    "an import for its effect, two modules away": (
        "from pipeline_lib.carrier import nothing  # noqa: F401\nfrom pipeline_lib.scoring.words import said\n" + JUDGE,
        ("scoring/patch.py", '{"no"}', '{"nope"}'),
    ),
    "an effect that is new": (
        "from pipeline_lib.other import steady\nfrom pipeline_lib.scoring.words import said\n" + JUDGE,
        ("other.py", '"""Other."""', '"""Other."""\nfrom pipeline_lib.scoring import patch'),
    ),
    "a package's __init__": (
        "from pipeline_lib.scoring.words import said\n" + JUDGE,
        ("scoring/__init__.py", '"""Scoring."""', '"""Scoring."""\nimport random\n\nrandom.seed(1)'),
    ),
    "a TYPE_CHECKING that was Python's": (
        "from typing import TYPE_CHECKING\nTYPE_CHECKING = True\nif TYPE_CHECKING:\n"
        "    from pipeline_lib.scoring.words import said\n" + JUDGE,
        NOPE,
    ),
    "the topmost __init__": (
        "from pipeline_lib.scoring.words import said\n" + JUDGE,
        ("__init__.py", '"""The package."""', '"""The package."""\nprint(1)'),
    ),
    "a name of a package's __init__": (
        "from pipeline_lib.bag import said\n" + JUDGE,
        NOPE,
    ),
    "a module's __getattr__": (
        "from pipeline_lib.lazy import said\n" + JUDGE,
        ("lazy.py", "return str", "return repr"),
    ),
    "a type as a string": ("from pipeline_lib.typed import judge\n", ("typed.py", "n: int", "n: float")),
    "a type within a string": (
        'from pydantic import BaseModel\n\n\nclass Inner(BaseModel):\n    n: int = 1\n\n\nclass judge(BaseModel):\n    x: "list[Inner]"\n',
        ("plugin.py", "n: int = 1", "n: int = 2"),
    ),
    "a program named by its module": (
        'import subprocess\nimport sys\n\n\ndef judge(text):\n    return subprocess.run([sys.executable, "-m", "pipeline_lib.scoring.words"])\n',
        NOPE,
    ),
    "a class": (
        "from pipeline_lib.scoring.words import said\n\n\nclass judge:\n    @staticmethod\n    def x(text):\n        return said(text)\n",
        NOPE,
    ),
    "a default": (
        "from pipeline_lib.scoring.words import said\n\n\ndef judge(text, by=said):\n    return by(text)\n",
        NOPE,
    ),
    "a decorator": (
        "from pipeline_lib.scoring.words import said\n\n\n@said\ndef judge(text):\n    return text\n",
        NOPE,
    ),
    "a base": ("from pipeline_lib.scoring.words import said\n\n\nclass judge(said):\n    pass\n", NOPE),
}
MORE = {
    "carrier": "from pipeline_lib.scoring import patch  # noqa\n\n\ndef nothing():\n    return 0\n",
    "lazy": "def __getattr__(name):\n    return str\n",
    "typed": "from pydantic import BaseModel\n\n\nclass Inner(BaseModel):\n    n: int\n\n\nclass judge(BaseModel):\n    x: 'Inner'\n",
}


@pytest.mark.parametrize("construct", FOLLOWED)
def test_a_construct_is_followed(digest: Digest, construct: str) -> None:
    plugin, edit = FOLLOWED[construct]
    assert digest(plugin, edit, **MORE) != digest(plugin, **MORE)


# A module, and the same module otherwise: each pair computes differently.
CHANGED = {
    "another import": ("from math import ceil\n\n\ndef judge(x):\n    return ceil(x)\n", "import ceil", "import floor as ceil"),
    "another alias": ("from math import ceil as f\n\n\ndef judge(x):\n    return f(x)\n", "ceil as f", "floor as f"),
    "another library": ("from statistics import mean\n\n\ndef judge(x):\n    return mean(x)\n", "statistics", "numpy"),
    "another module": ("import bisect as m\n\n\ndef judge(x):\n    return m.insort(x)\n", "import bisect as", "import heapq as"),
    "swapped aliases": (
        "from math import ceil as a, floor as b\n\n\ndef judge(x):\n    return a(x) - 2 * b(x)\n",
        "ceil as a, floor as b",
        "ceil as b, floor as a",
    ),
    "swapped aliases of our own": (
        "from pipeline_lib.scoring.words import aside as a, said as b\n\n\ndef judge(x):\n    return a(x), b(x)\n",
        "aside as a, said as b",
        "aside as b, said as a",
    ),
    "a Boolean": ("X = 1\n\n\ndef judge(x):\n    return X\n", "X = 1", "X = True"),
    "a float": ("X = 1\n\n\ndef judge(x):\n    return X\n", "X = 1", "X = 1.0"),
    "a complex": ("X = 1.0\n\n\ndef judge(x):\n    return X\n", "X = 1.0", "X = 1.0 + 0j"),
    "a negative zero": ("X = 0.0\n\n\ndef judge(x):\n    return X\n", "X = 0.0", "X = -0.0"),
    "bytes": ('X = "a"\n\n\ndef judge(x):\n    return X\n', 'X = "a"', 'X = b"a"'),
    "None": ('X = "None"\n\n\ndef judge(x):\n    return X\n', 'X = "None"', "X = None"),
    "an ellipsis": ('X = "..."\n\n\ndef judge(x):\n    return X\n', 'X = "..."', "X = ..."),
    "a lone surrogate": ('X = "\\ud800"\n\n\ndef judge(x):\n    return X\n', "ud800", "ud801"),
    "a walrus": ("Y = (X := 2) + 1\n\n\ndef judge(x):\n    return X\n", ":= 2) + 1", ":= 3) + 0"),
    "a loop": ("for X in (1, 2):\n    pass\n\n\ndef judge(x):\n    return X\n", "(1, 2)", "(1, 3)"),
    "a with": ("with open('a') as X:\n    pass\n\n\ndef judge(x):\n    return X\n", "open('a')", "open('b')"),
    "an if": ("if 1:\n    X = 1\n\n\ndef judge(x):\n    return X\n", "X = 1", "X = 2"),
    "a while": ("X = 0\nwhile X < 3:\n    X += 1\n\n\ndef judge(x):\n    return X\n", "< 3", "< 4"),
    "a match": ("match 1:\n    case X:\n        pass\n\n\ndef judge(x):\n    return X\n", "match 1", "match 2"),
    "a del": ("min = 3\ndel min\n\n\ndef judge(x):\n    return min\n", "del min\n", "\n"),
    "a global": ("def f():\n    global X\n    X = 1\n\n\nf()\n\n\ndef judge(x):\n    return X\n", "X = 1", "X = 2"),
    "an order": ("X = 1\nX = 2\n\n\ndef judge(x):\n    return X\n", "X = 1\nX = 2", "X = 2\nX = 1"),
    "an augmented value": ("X = 1\nX += 1\n\n\ndef judge(x):\n    return X\n", "X += 1", "X += 2"),
    "an item": ("X = {}\nX['a'] = 1\n\n\ndef judge(x):\n    return X\n", "= 1", "= 2"),
    "an unpacked value": ("X, *Y = 1, 2\n\n\ndef judge(x):\n    return Y\n", "1, 2", "1, 3"),
    "a registry": (
        "TABLE = {}\n\n\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n\n\n@register\ndef one():\n    return 1\n\n\n"
        "def judge(x):\n    return TABLE[x]()\n",
        "return 1",
        "return 2",
    ),
    "a call that registers": (
        "import atexit\nTABLE = []\n\n\ndef one():\n    return 1\n\n\natexit.register(one)\n\n\ndef judge(x):\n    return TABLE\n",
        "return 1",
        "return 2",
    ),
    "a nonlocal": (
        "def judge(x):\n    y = 1\n\n    def inner():\n        nonlocal y\n        y = 2\n\n    inner()\n    return y\n",
        "nonlocal y\n",
        "pass\n",
    ),
    "a comprehension": ("X = [y for y in (1, 2)]\n\n\ndef judge(x):\n    return X\n", "(1, 2)", "(1, 3)"),
    "a name that hides a built-in": ("def judge(x):\n    return min(x)\n", "def judge", "min = max\n\n\ndef judge"),
    "a keyword-only default": ("def judge(x, *, by=None):\n    return by\n", "by=None", "by=0"),
    "a description that is no setting's": (
        "def Field(description):\n    return description\n\n\nX = Field(description='a')\n\n\ndef judge(x):\n    return X\n",
        "description='a'",
        "description='b'",
    ),
    "the future": ("def judge(x: int):\n    return x\n", "def judge", "from __future__ import annotations\n\n\ndef judge"),
    "a decorator that a class hides": (
        "from functools import cache\nTABLE = []\n\n\ndef add(f):\n    TABLE.append(f)\n\n\nclass A:\n    cache = add\n\n"
        "    @cache\n    def f(self):\n        return 1\n\n\ndef judge(x):\n    return TABLE\n",
        "return 1",
        "return 2",
    ),
    "an integer of many digits": (
        f"X = 0x{'1' * 5000}\n\n\ndef judge(x):\n    return X\n",
        "X = 0x1",
        "X = 0x2",
    ),
    "a description that is read": (
        "from pydantic import Field\n\nX = Field(description='a')\n\n\ndef judge(x):\n    return X.description\n",
        "description='a'",
        "description='b'",
    ),
    "a type parameter's place": ("def judge(x, y, /):\n    return x\n", "x, y, /", "x, /, y"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGED)
def test_another_computation_is_another_digest(digest: Digest, change: str) -> None:
    plugin, old, new = CHANGED[change]
    for target in (TARGET, "pipeline_lib.plugin"):
        assert digest(plugin, ("plugin.py", old, new), target=target) != digest(plugin, target=target)


REFUSED = {
    "relative": "from .scoring.words import said\n" + JUDGE,
    "relative in a function": "def judge(text):\n    from .scoring.words import said\n    return said(text)\n",
    "a sibling": "from . import other\n\n\ndef judge(text):\n    return other.steady(text)\n",
    "star": "from pipeline_lib.scoring.words import *\n" + JUDGE,
    "star of Python": "from math import *\n\n\ndef judge(text):\n    return ceil(text)\n",
    "a package": "from pipeline_lib import scoring\n\n\ndef judge(text):\n    return scoring.words.said(text)\n",
    "a package in full": "import pipeline_lib.scoring.words\n\n\ndef judge(text):\n    return pipeline_lib.scoring.words.said(text)\n",
    "what is not there": "from pipeline_lib.scoring.wrods import said\n" + JUDGE,
    "a name that is not there": "from pipeline_lib.scoring.words import sad as said\n" + JUDGE,
    "import_module": 'from importlib import import_module\n\n\ndef judge(text):\n    return import_module("x" + text)\n',
    "importlib": 'import importlib\n\n\ndef judge(text):\n    return importlib.import_module("x" + text)\n',
    "importlib.resources": 'from importlib.resources import files\n\n\ndef judge(text):\n    return files("pipeline_lib")\n',
    "pkgutil": "def judge(text):\n    import pkgutil\n    return pkgutil.get_data('a', 'b')\n",
    "runpy": "from runpy import run_path as r\n\n\ndef judge(text):\n    return r(text)\n",
    "__import__": "def judge(text):\n    return __import__(text)\n",
    "exec": "def judge(text):\n    exec(text)\n",
    "eval": "run = eval\n\n\ndef judge(text):\n    return run(text)\n",
    "globals": "def judge(text):\n    return globals()[text]\n",
    "vars": "def judge(text):\n    return vars()[text]\n",
    "sys.modules": "import sys\n\n\ndef judge(text):\n    return sys.modules[text]\n",
    "sys by another name": "import sys as s\n\n\ndef judge(text):\n    t = s\n    return t.modules[text]\n",
    "modules of sys": "from sys import modules\n\n\ndef judge(text):\n    return modules[text]\n",
    "sys of another module": "import os\n\n\ndef judge(text):\n    return os.sys.modules[text]\n",
    "the environment": "import os\n\n\ndef judge(text):\n    return os.environ['RATE']\n",
    "a hook that no name reaches": "from pipeline_lib.hooked import nothing\n\n\ndef judge(text):\n    return nothing\n",
    "frames": "import sys\n\n\ndef judge(text):\n    return sys._getframe(1)\n",
    "__globals__": "def judge(text):\n    return judge.__globals__[text]\n",
    "__globals__ by getattr": "def judge(text):\n    return getattr(judge, '__globals__')[text]\n",
    "subclasses": "class A:\n    pass\n\n\ndef judge(text):\n    return A.__subclasses__()\n",
    "a docstring": "def judge(text):\n    return judge.__doc__\n",
    "the module's docstring": "def judge(text):\n    return __doc__\n",
    "a part of a docstring": "def judge(text):\n    return __doc__.strip()\n",
    "source": "import inspect\n\n\ndef judge(text):\n    return inspect.getsource(judge)\n",
    "descriptions": "from pydantic import BaseModel\n\n\nclass A(BaseModel):\n    pass\n\n\ndef judge(text):\n    return A.model_fields\n",
    "a hook": "class judge:\n    def __init_subclass__(cls):\n        pass\n",
    "a metaclass": "class judge(metaclass=type):\n    pass\n",
    "data": "from pathlib import Path\n\n\ndef judge(text):\n    return (Path(__file__).parent / 'words.json').read_text()\n",
    "data by the digest's own folder": "from pipeline_lib.core.code import SOURCE\n\n\ndef judge(text):\n    return SOURCE\n",
    "another module's file": "from pipeline_lib import other\n\n\ndef judge(text):\n    return open(other.__file__).read()\n",
    "a library that is not listed": "import antigravity_of_nobody\n\n\ndef judge(text):\n    return antigravity_of_nobody.x\n",
    "mocks": "from unittest import mock\n\n\ndef judge(text):\n    mock.patch('pipeline_lib.other.steady')\n",
}  # fmt: skip


@pytest.mark.parametrize("construct", REFUSED)
def test_what_cannot_be_followed_is_refused_by_name(digest: Digest, construct: str) -> None:
    with pytest.raises(PipelineError, match=r"(?s)where: .*\.py.*cure: "):
        digest(REFUSED[construct])


def test_code_beside_the_package_is_refused(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("dumps = str\n")
    with pytest.raises(PipelineError, match="beside the package"):
        digest("from json import dumps as judge\n")


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


def test_a_plugin_counts_whole_or_by_its_named_definition(digest: Digest) -> None:
    edit = ("plugin.py", "aside(text) if", "3 * aside(text) if")
    assert digest(PLAIN, edit, target="pipeline_lib.plugin") != digest(PLAIN, target="pipeline_lib.plugin")
    assert digest(PLAIN, edit) == digest(PLAIN)


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
        *("core.allocation", "core.ask", "core.code", "core.code_module", "core.code_refused", "core.code_statement"),
        *("core.code_tree", "core.code_walk"),
        *("core.environment", "core.errors", "core.files", "core.gpus", "core.guard", "core.job", "core.kept"),
        *("core.libraries", "core.log", "core.machine", "core.manifest", "core.program", "core.record", "core.removed"),
        *("core.room", "core.state", "fetching.look", "training.memory"),
        *("downloads.drive", "downloads.hosts", "downloads.pins", "downloads.store", "downloads.transfer"),
    }
    assert all(Tree(SOURCE).path(name) for name in NEUTRAL)


def test_every_script_of_the_project_can_be_digested() -> None:
    digests = [code.code_digest(script) for script in sorted((ROOT / "workflow_scripts").glob("*.py"))]
    assert len(set(digests)) == len(digests) > 0


@pytest.mark.parametrize("kind", ["benchmarks", "recipes", "prompts", "sampling", "sources", "weights"])
def test_every_plugin_of_the_project_can_be_digested(kind: str) -> None:
    script = ROOT / "workflow_scripts" / "score.py"
    assert names(kind) and all(code.code_digest(script, f"{PACKAGE}.{kind}.{name}") for name in names(kind))


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
    assert not reached.names[module] & {"gold", "judge", "tally", "metrics"}
