"""What `make demo` made is what was published, byte by byte, where processors are known to round alike."""

import platform
from pathlib import Path

import pytest

from pipeline_lib.lineage.published import differences_to, read_published
from pipeline_lib.lineage.quote import read_quotes
from pipeline_lib.workflow.plan import plan
from tests.project import ROOT

pytestmark = pytest.mark.demo

INFO = Path("/proc/cpuinfo")
FLAGS = INFO.read_text().split() if INFO.is_file() else []


@pytest.mark.skipif(platform.machine() != "x86_64" or "avx2" not in FLAGS, reason="bytes are equal on x86-64 with AVX2")
@pytest.mark.skipif("avx512f" in FLAGS, reason="no processor with AVX-512 was compared yet: docs/equal_bytes.md")
def test_every_artefact_is_the_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "results/pope_score.json").is_file():
        pytest.skip("run `make demo` first")
    monkeypatch.chdir(ROOT)
    assert differences_to(read_published(Path("docs/digits.digests.json")), plan("config"))[1] == []


@pytest.mark.skipif(platform.machine() != "x86_64" or "avx2" not in FLAGS, reason="bytes are equal on x86-64 with AVX2")
@pytest.mark.skipif("avx512f" in FLAGS, reason="no processor with AVX-512 was compared yet: docs/equal_bytes.md")
def test_the_scores_of_the_first_page_are_those_of_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "results/pope_score.json").is_file():
        pytest.skip("run `make demo` first")
    monkeypatch.chdir(ROOT)
    quotes = read_quotes(Path("README.md"))
    assert len(quotes) == 16 and [quote for quote in quotes if not quote.equals] == []
