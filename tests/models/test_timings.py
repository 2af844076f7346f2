"""Scripts of `timings/` that call the library: no stage runs them, so nothing else notices a changed interface."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import KEY, echo, serving
from tests.project import ROOT


def script(name: str) -> Any:
    """Return a script as a module."""
    spec = spec_from_file_location(f"timings_{name}", ROOT / "timings" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_throughput_of_an_endpoint_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", KEY)
    endpoint = script("endpoint")
    monkeypatch.setattr(endpoint, "REQUESTS", 3)
    with serving(echo) as server:
        endpoint.engine(server.port)
        endpoint.plain(server.port, 2)
    assert dict(server.served) == {f"question {number}": 2 for number in range(3)}


def test_a_model_of_the_shape_of_7b_can_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    billions = script("seven_billion")
    monkeypatch.setattr(billions, "QUESTIONS", 3)
    billions.make(billions.SHAPES["tiny"], "cpu", tmp_path)
    files = {path.name: path for path in (tmp_path / "original").iterdir()}
    billions.convert_original(files, tmp_path / "tower", billions.CARD, tmp_path / "llava")
    assert billions.ask("cpu", tmp_path, billions.images(tmp_path)) > 0
