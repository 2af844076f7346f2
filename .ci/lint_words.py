"""Fail where functions name variables vaguely, and where text has a word or a passive clause that docs/words.md avoids.

`python .ci/lint_words.py --count` prints the share of functions with a vague name, package by package.
"""

import ast
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Sequence

VAGUE = frozenset({"found", "told", "place", "places", "said", "own", "given", "kept", "shown", "asked"})
MOST = 0.02  # of all functions

# Avoided words, each with what this project says instead; docs/words.md explains them.
AVOIDED = {
    r"persons?": "user",
    r"told": "reported, named, or the active voice",
    r"borne": "allowed",
    r"spoken to": "prompted",
    r"whom": "a sentence with a subject",
    r"theirs": "whose it is",
    r"ours": "this project's",
    r"be had": "be fetched, be found, be loaded",
    r"(?:go|goes|going|gone) on": "continue, resume",
    r"held against": "compared with, checked against",
    r"anew": "again",
}
TEXTS = (
    *("src/**/*.py", "workflow_scripts/*.py", "rules/*", "docs/*.md"),
    *("README.md", "CONTRIBUTING.md", "Makefile", "Snakefile", ".ci/run"),
)
PROSE = (*TEXTS, "tests/**/*.py", "tools/*.py", "studies/*.yaml", "config.yaml", "pyproject.toml")
GENERATED = {"docs/reference.md", "docs/words.md"}
QUOTING = {"src/pipeline_lib/benchmarks/families/judge_prompts.py"}  # texts of others, character by character

# A relative clause in the passive, over the end of a line too: "the file that | is not read".
IRREGULAR = (
    "built|cut|done|drawn|found|given|held|kept|left|lost|made|put|read|run|said|sent|set|shown|split|spent|taken|"
    "torn|understood|written"
)
PASSIVE = re.compile(
    r"\b(?:that|which|who)[\s#]+(?:(?:may|must|can|cannot|could|will|would|has|have|had)[\s#]+)?"
    r"(?:is|are|was|were|be|been)[\s#]+(?:(?:not|never|already|also|only|still)[\s#]+)?"
    rf"(?!indeed\b|red\b)(?:[a-z]+ed|{IRREGULAR})\b"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def names_in(function: Function) -> set[str]:
    """Return the names of a function's parameters and variables."""
    parameters = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return parameters | stored


def functions_below(folder: Path) -> list[tuple[Path, Function]]:
    """Return all functions of the Python files below a folder, with their files."""
    return [
        (path, node)
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    ]


def vague(functions: list[tuple[Path, Function]]) -> list[str]:
    """Return a line for every function that names something vaguely."""
    named = [(path, function, sorted(names_in(function) & VAGUE)) for path, function in functions]
    return [
        f"{path}:{function.lineno}: {function.name}: {', '.join(names)}" for path, function, names in named if names
    ]


def avoided() -> list[str]:
    """Return a line for every avoided word in the project's texts."""
    pattern = re.compile(rf"\b({'|'.join(AVOIDED)})\b", re.IGNORECASE)
    return [
        f"{path}:{number}: {match[0]!r}: write {advice(match[0])}"
        for path in files_of(TEXTS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


def passive() -> list[str]:
    """Return a line for every passive relative clause in the project's prose."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {' '.join(match[0].split())!r}: a passive relative clause"
        for path in files_of(PROSE)
        for text in [path.read_text(encoding="utf-8")]
        for match in PASSIVE.finditer(text)
    ]


def files_of(globs: Sequence[str]) -> list[Path]:
    """Return the files of some globs, without generated and quoting ones."""
    paths = [path for glob in globs for path in sorted(Path().glob(glob)) if path.is_file()]
    return [path for path in paths if path.as_posix() not in GENERATED | QUOTING]


def advice(word: str) -> str:
    """Return what to write instead of an avoided word."""
    return next(text for pattern, text in AVOIDED.items() if re.fullmatch(pattern, word, re.IGNORECASE))


def main() -> None:
    """Print what is vague or avoided; exit with 1 where there is too much of it."""
    functions = functions_below(Path("src"))
    lines = vague(functions)
    share = len(lines) / len(functions)
    if "--count" in sys.argv:
        for package, count in Counter(line.split("/")[2] for line in lines).most_common():
            print(f"{package}: {count}")
        print(f"{len(lines)} of {len(functions)} functions, {share:.1%}")
        return
    words = [*avoided(), *passive()]
    print("\n".join([*(lines if share > MOST else []), *words]) or f"words: {share:.1%} of functions have a vague name")
    sys.exit(bool(words) or share > MOST)


if __name__ == "__main__":
    main()
