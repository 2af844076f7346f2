"""A safe YAML reader: errors name file and line, and no file can make it hang or fill the memory."""

import re
from pathlib import Path
from typing import Any, Iterator, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import LARGEST
from pipeline_lib.core.reading import read_text
from pipeline_lib.core.settings import Settings

S = TypeVar("S", bound=Settings)

MOST = 100_000  # values of a file, with each repetition by an alias or a merge
DEEPEST = 50  # levels of lists and mappings
VERSION = re.compile(r"(?:^|(?<=[\r\n]))%YAML\s+(?!1\.[12]\b)\S+")  # a directive with an unsupported version
NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # valid neither in a path nor in UTF-8

SECRET, NOT_SHOWN = "secret", "not shown"  # the type of a fault whose value may be a key, and what stands for it

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, AssertionError, OverflowError)  # of values such as dates


def read_yaml(file: Path, yaml: YAML, most: int = MOST) -> Any:
    """Return the content of a file; invalid YAML, or more than `most` values, raises PipelineError.

    `yaml` must be the pure Python parser: the C parser builds the content before it can be counted.
    """
    text = read_text(file)
    if version := VERSION.search(text):
        where = f"{file}:{text.count(chr(10), 0, version.start()) + 1}"
        raise PipelineError("not valid YAML: unknown version", where=where, value=version[0], cure="remove this line")
    yaml.max_depth = DEEPEST  # the parser's time grows with the depth squared
    try:
        node = yaml.compose(text)
        if node is None:
            return None
        _refuse_endless(node, file, most)
        for scalar in _scalars(node):
            _refuse_scalar(scalar, file)
        return _constructed(yaml, node, file)
    except MaxDepthExceededError as error:
        deep = f"{file}:{error.problem_mark.line + 1}" if error.problem_mark else file
        raise PipelineError(f"nested in more than {DEEPEST} levels", where=deep) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        number = mark.line if mark else 0
        source = "".join(text.splitlines()[number : number + 1])
        cure = "indent with spaces" if "\t" in source else "put texts with a colon, comma, bracket or brace in quotes"
        what = f"not valid YAML: {error.problem}"
        raise PipelineError(what, where=f"{file}:{number + 1}", value=source.strip(), cure=cure) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise PipelineError(f"not valid YAML: {error.reason}", where=f"{file}:{line}", value=error.character) from error
    except RecursionError as error:
        raise PipelineError(f"nested in more than {DEEPEST} levels", where=file) from error


def settings_in(content: Any, kind: type[S], file: Path, what: str, cure: str) -> S:
    """Return the content of a file as settings of a kind; the first fault in it raises PipelineError."""
    try:
        return kind.model_validate(plain(content, file))
    except ValidationError as error:
        fault = error.errors()[0]
        raise PipelineError(
            f"this is not {what}: {fault['msg']}",
            where=f"{file}:{line_number(content, fault['loc'])}: {'.'.join(map(str, fault['loc']))}",
            value=NOT_SHOWN if fault["type"] == SECRET else fault["input"],
            cure=cure,
        ) from error


def plain(document: Any, file: Path) -> Any:
    """Return a YAML document as built-in types, which strict validation needs; numbers beyond int64 are refused."""
    return _plain(document, (), document, file)


def _plain(value: Any, key: tuple[str | int, ...], document: Any, file: Path) -> Any:
    """Return `value`, the part of a document at `key`, as built-in types."""
    if isinstance(value, dict):
        content = {str(name): _plain(item, (*key, name), document, file) for name, item in value.items()}
        if len(content) < len(value):
            names = sorted(map(str, value))
            raise PipelineError("two keys of one mapping are the same", where=_where(document, key, file), value=names)
        return content
    if isinstance(value, list):
        return [_plain(item, (*key, number), document, file) for number, item in enumerate(value)]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            if isinstance(value, int) and abs(value) >= LARGEST:
                what = f"this number is not less than {LARGEST}"
                raise PipelineError(what, where=_where(document, key, file), value=value)
            return kind(value)
    return value


def _where(document: Any, key: tuple[str | int, ...], file: Path) -> str:
    return f"{file}:{line_number(document, key)}: {'.'.join(map(str, key))}"


def line_number(document: Any, key: tuple[str | int, ...]) -> int:
    """Return the line of the deepest part of `key` that is in the document."""
    line = 1
    node = document
    for part in key:
        try:
            marks: Any = node.lc  # ruamel's: line and column of keys and items
            position = marks.key(part) if isinstance(node, dict) else marks.item(part)
            node = node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            return line
        line = int(position[0]) + 1
    return line


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _composed_keys(node: Node) -> list[Node]:
    """Return the keys of a mapping that are not scalars; if nested, each level doubles the time to build them."""
    return [key for key, _ in node.value if not isinstance(key, ScalarNode)] if isinstance(node, MappingNode) else []


def _refuse_endless(root: Node, file: Path, most: int) -> None:
    """Raise PipelineError if a document, with its aliases, has more than `most` values, is too deep or is endless."""
    sizes: dict[Node, int] = {}

    def size(node: Node, depth: int) -> int:
        where = f"{file}:{node.start_mark.line + 1}"
        if depth > DEEPEST:
            raise PipelineError(f"nested in more than {DEEPEST} levels, or in itself by an alias", where=where)
        for key in _composed_keys(node):
            where = f"{file}:{key.start_mark.line + 1}"
            raise PipelineError("a key is a mapping or a list", where=where, cure="write keys as plain text")
        if node not in sizes:
            sizes[node] = 1 + sum(size(child, depth + 1) for child in _children(node))
        if sizes[node] > most:
            raise PipelineError(f"with its aliases this has more than {most} values", where=where)
        return sizes[node]

    size(root, 0)


def _scalars(root: Node) -> Iterator[ScalarNode]:
    """Yield every scalar of a document once."""
    waiting, seen = [root], {root}
    while waiting:
        node = waiting.pop()
        if isinstance(node, ScalarNode):
            yield node
        fresh = [child for child in _children(node) if child not in seen]
        seen.update(fresh)
        waiting += fresh


def _refuse_scalar(node: ScalarNode, file: Path) -> None:
    if NO_TEXT.search(node.value):
        raise PipelineError(
            "a character that no path or text can hold", where=f"{file}:{node.start_mark.line + 1}", value=node.value
        )


def _constructed(yaml: YAML, root: Node, file: Path) -> Any:
    """Return the content of a document's nodes; a value that does not fit its form or tag raises PipelineError.

    ruamel passes on Python's errors for values such as the date 2024-13-45 or `!!int x`.
    """
    try:
        return yaml.constructor.construct_document(root)
    except _MALFORMED as error:
        yaml.constructor.recursive_objects = {}  # forget unfinished objects
        for node in _scalars(root):
            try:
                yaml.constructor.construct_object(node)
            except _MALFORMED:
                where = f"{file}:{node.start_mark.line + 1}"
                raise PipelineError(
                    f"not a value of its kind: {error}", where=where, value=node.value, cure="put it in quotes"
                ) from error
        raise PipelineError(f"not valid YAML: {error}", where=file) from error
