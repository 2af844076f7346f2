"""What `make demo` made is what was published, byte by byte, where processors are known to round alike."""

import json
import platform
import re
from pathlib import Path

import pytest

from pipeline_lib.lineage.published import differences_to, read_published
from pipeline_lib.lineage.quote import read_quotes
from pipeline_lib.workflow.plan import plan
from tests.project import ROOT

INFO = Path("/proc/cpuinfo")
WORDS = INFO.read_text().split() if INFO.is_file() else []
NOT_COMPARED = {"GenuineIntel", "avx512f"} <= {*WORDS}

pytestmark = [
    pytest.mark.demo,
    pytest.mark.skipif(platform.machine() != "x86_64" or "avx2" not in WORDS, reason="equal on x86-64 with AVX2"),
    pytest.mark.skipif(NOT_COMPARED, reason="no Intel processor with AVX-512 was compared yet: docs/equal_bytes.md"),
]


@pytest.fixture(autouse=True)
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the project, whose default study has been run."""
    if not (ROOT / "results/pope_score.json").is_file():
        pytest.skip("run `make demo` first")
    monkeypatch.chdir(ROOT)


def test_every_artefact_is_the_published_one() -> None:
    assert differences_to(read_published(Path("docs/digits.digests.json")), plan("config"))[1] == []


def test_the_scores_of_the_first_page_are_those_of_the_demo() -> None:
    quotes = read_quotes(Path("README.md"))
    assert len(quotes) == 16 and [quote for quote in quotes if not quote.equals] == []
    bounds = re.findall(
        r"(results/\w+\.json)#/runs/(\w+)/metrics/(\S+) -->[\d.]+ % \[(.*?)\]", Path("README.md").read_text()
    )
    for path, run, metric, printed in bounds:
        low, high = json.loads(Path(path).read_text())["runs"][run]["interval"][metric.replace("~1", "/")]
        assert printed == f"{100 * low:.1f}, {100 * high:.1f}", (path, run)
    assert len(bounds) == 16
