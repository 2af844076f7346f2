"""The pages for people name what there is."""

import re

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pipeline_lib.config.schema import study_schema
from pipeline_lib.config.study import Study
from pipeline_lib.core.plugins import load, names
from pipeline_lib.machine.site import Site
from tests.project import ROOT

README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
BLOCKS = [YAML(typ="safe").load(text) or {} for text in re.findall(r"```yaml\n(.*?)```", CONFIGURATION, re.DOTALL)]


def test_the_picture_shows_every_rule() -> None:
    rules = {
        name for file in (ROOT / "rules").glob("*.smk") for name in re.findall(r"^rule (\w+):", file.read_text(), re.M)
    }
    picture = README.split("```mermaid")[1].split("```")[0]
    assert set(re.findall(r"\w+", picture)) - {"flowchart", "LR"} == rules


def test_the_configuration_page_tells_of_every_part_and_setting_of_a_study() -> None:
    for key in Study.model_fields:
        assert f"`{key}`" in CONFIGURATION or key == "title"


def test_examples_of_the_configuration_page_are_valid() -> None:
    (site,) = [lines for lines in BLOCKS if "paths" in lines]
    assert Site.model_validate(site).paths
    rest = {"title": "An example", "datasets": {}, "runs": {}, "benchmarks": {}}
    for lines in BLOCKS:
        if lines != site:
            Draft202012Validator(study_schema()).validate({**rest, **lines})


def test_the_page_on_benchmarks_names_each_with_its_protocols() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    for name in names("benchmarks"):
        for known in (name, *load("benchmarks", name).PROTOCOLS):
            assert f"`{known}`" in page


def test_links_lead_to_files() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"
