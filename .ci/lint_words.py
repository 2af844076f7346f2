"""Fail where functions name variables vaguely, or where text uses a word that docs/words.md avoids.

`python .ci/lint_words.py --count` prints the share of functions with a vague name, package by package.
"""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

VAGUE = frozenset({"found", "told", "place", "places", "said", "own", "given", "kept"})
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
GENERATED = {"docs/reference.md", "docs/words.md"}
QUOTING = {"src/pipeline_lib/benchmarks/families/judge_prompts.py"}  # texts of others, character by character

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
    paths = [path for glob in TEXTS for path in sorted(Path().glob(glob)) if path.as_posix() not in GENERATED | QUOTING]
    return [
        f"{path}:{number}: {match[0]!r}: write {advice(match[0])}"
        for path in paths
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


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
    words = avoided()
    print("\n".join([*(lines if share > MOST else []), *words]) or f"words: {share:.1%} of functions have a vague name")
    sys.exit(bool(words) or share > MOST)


if __name__ == "__main__":
    main()
