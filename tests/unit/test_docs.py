"""The pages for people name what there is."""

import re

import pytest

from pipeline_lib.core.registry import load, names
from tests.project import ROOT

README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()


def test_the_picture_shows_every_rule() -> None:
    rules = {
        name for file in (ROOT / "rules").glob("*.smk") for name in re.findall(r"^rule (\w+):", file.read_text(), re.M)
    }
    picture = README.split("```mermaid")[1].split("```")[0]
    assert set(re.findall(r"\w+", picture)) - {"flowchart", "LR"} == rules


@pytest.mark.parametrize("kind", ["sources", "recipes"])
def test_the_configuration_page_names_every_plugin(kind: str) -> None:
    for name in names(kind):
        assert f"`{name}`" in CONFIGURATION


def test_the_page_on_benchmarks_names_each_with_its_protocols() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    for name in names("benchmarks"):
        for known in (name, *load("benchmarks", name).PROTOCOLS):
            assert f"`{known}`" in page


def test_links_lead_to_files() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"
