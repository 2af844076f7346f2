"""Files that were valid once: strategies that change bytes, or values of JSON, as accidents and attackers do."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

SNIPPETS = [  # bytes that have broken readers of one format or another
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\n", b"\r", b"\t", b'"', b"'", b"{", b"}", b"[", b"]"),
    *(b",", b":", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"-1", b"null", b"true", b"[" * 5000, b"- " * 2000),
    *(b'"\\ud800"', b'"\\u0000"', b"&a [*a]", b"*a", b"<<: *a", b"!!int x", b"!!python/name:os.system ", b"2024-13-45"),
    *(
        b".inf",
        b".nan",
        b"0x" + b"f" * 4000,
        b"? ",
        b"%YAML 9.9\n---\n",
        b"../",
        b"/etc/passwd",
        b"\x7f" * 9,
        b"\x80" * 9,
    ),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**70), 10**4000, 0.5, 1e308, float("nan"), float("inf"), "", "x"),
    *(
        "\x00",
        "../x",
        "/etc/passwd",
        "\ud800",
        "9" * 5000,
        "a" * 300,
        [],
        {},
        [[]],
        [None],
        {"": None},
        ["x", 1],
        [1.5],
    ),
]


@st.composite
def bytes_of(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return `valid` after some flips, insertions, deletions, repetitions and cuts."""
    data = valid
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 8, 64, 1000])))
        kind = draw(st.sampled_from(["insert", "replace", "flip", "repeat", "cut"]))
        if kind == "flip":
            middle = bytes(byte ^ draw(st.integers(1, 255)) for byte in data[start : min(end, start + 8)])
            data = data[:start] + middle + data[start + len(middle) :]
        elif kind == "cut":
            data = data[:start]
        elif kind == "repeat":
            data = data[:end] + data[start:end] * draw(st.integers(1, 20)) + data[end:]
        else:
            data = data[:start] + draw(st.sampled_from(SNIPPETS)) + data[start if kind == "insert" else end :]
    return data


@st.composite
def json_of(draw: st.DrawFn, valid: Any) -> bytes:
    """Return the JSON of `valid` in which some values, at any depth, are others, absent, or stand twice."""
    content = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        content = _changed(draw, content)
    return json.dumps(content).encode()


def _changed(draw: st.DrawFn, node: Any) -> Any:
    """Return a JSON value with one change, mostly somewhere within it."""
    inside = isinstance(node, (dict, list)) and len(node) > 0 and draw(st.integers(0, 5)) > 0
    if not inside:
        return deepcopy(draw(st.sampled_from(VALUES)))
    key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
    kind = draw(st.sampled_from(["change", "change", "change", "remove", "repeat"]))
    if kind == "change":
        node[key] = _changed(draw, node[key])
    elif kind == "remove":
        del node[key]
    elif isinstance(node, list):
        node.append(deepcopy(node[key]))
    else:
        node[draw(st.sampled_from(["", "x", f"{key}s", str(key).upper(), "auto_map", "\ud800"]))] = deepcopy(node[key])
    return node
