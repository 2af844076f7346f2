"""The constructs of Python in the code digest: each is followed, or refused by name."""

from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from tests.unit.small_package import NOPE, TARGET, Digest, digest_in


@pytest.fixture()
def digest(tmp_path: Path) -> Digest:
    return digest_in(tmp_path)


JUDGE = "\n\ndef judge(text):\n    return said(text)\n"

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
    "a description read as data": (
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
    "the environment of another module": "import shutil\n\n\ndef judge(text):\n    return shutil.os.environ['RATE']\n",
    "the environment of a module of ours": "from pipeline_lib import other\n\n\ndef judge(text):\n    return other.os.getenv('RATE')\n",
    "the environment by another name": "import os\n\n\ndef judge(text):\n    o = os\n    return o.environ['RATE']\n",
    "the environment by getattr": "import os\n\n\ndef judge(text):\n    return getattr(os, 'environ')['RATE']\n",
    "the environment below os": "import posix\n\n\ndef judge(text):\n    return posix.environ[b'RATE']\n",
    "the environment in a text": "from os.path import expandvars\n\n\ndef judge(text):\n    return expandvars('$RATE')\n",
    "importlib of another module": "import logging\n\n\ndef judge(text):\n    return logging.importlib.import_module(text)\n",
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
    "data by the digest's own folder": "from pipeline_lib.job.code.digest import SOURCE\n\n\ndef judge(text):\n    return SOURCE\n",
    "another module's file": "from pipeline_lib import other\n\n\ndef judge(text):\n    return open(other.__file__).read()\n",
    "an unlisted library": "import antigravity_of_nobody\n\n\ndef judge(text):\n    return antigravity_of_nobody.x\n",
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
