"""A small package whose code is digested: a script, a plug-in, and modules that they import."""

from collections.abc import Callable
from pathlib import Path

from pipeline_lib.job.code.module import PACKAGE
from pipeline_lib.job.code.statement import shortened
from pipeline_lib.job.code.tree import Tree
from pipeline_lib.job.code.walk import Walk

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
    "job/__init__.py": "",
    "job/code/__init__.py": "",
    "job/code/digest.py": '"""Knows where the source is."""\n\nSOURCE = "/"\n',
    "other.py": '"""Other."""\n\n\ndef steady(x):\n    return x\n',
}
Digest = Callable[..., str]
# An edit of what a plug-in computes with.
NOPE = ("scoring/words.py", '{"no"}', '{"no", "nope"}')


def digest_in(folder: Path) -> Digest:
    """Return a function that digests the script and the plug-in of these texts, after edits as (file, old, new)."""

    def compute(plugin: str, *edits: tuple[str, str, str], target: str = TARGET, **more: str) -> str:
        texts = FILES | {"plugin.py": f'"""The plug-in."""\n{plugin}', "script.py": SCRIPT}
        texts |= {name.replace("__", "/") + ".py": text for name, text in more.items()}
        for name, old, new in edits:
            assert old in texts[name], (name, old)
            texts[name] = texts[name].replace(old, new)
        for name, text in texts.items():
            path = folder / PACKAGE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        modules = Walk(Tree(folder)).reach(folder / PACKAGE / "script.py", target).modules
        return shortened(str(sorted(modules.items())))

    return compute
