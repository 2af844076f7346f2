"""The pages for people name what there is."""

import re
import runpy
import tomllib

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pipeline_lib.benchmarks.families.protocols import NAMES
from pipeline_lib.config.benchmark_table import END, START, with_benchmark_table
from pipeline_lib.config.schema import study_schema
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import names
from pipeline_lib.inference.settings import Review
from pipeline_lib.machine.site import Site
from pipeline_lib.refining.settings import RefineSettings
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


def test_the_page_on_benchmarks_has_the_table_of_their_modules() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert page == with_benchmark_table(page), "the benchmarks have changed: run `make reference`"
    rows = re.findall(r"^\| `(\w+)` \|", page.split(START)[1].split(END)[0], re.M)
    assert rows == names("benchmarks")
    for name in NAMES:
        assert f"`{name}`" in page


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(PipelineError, match="no place for the table"):
        with_benchmark_table("# Benchmarks\n")


def test_links_lead_to_files() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_page_on_words_names_every_avoided_word_and_name() -> None:
    lint = runpy.run_path(str(ROOT / ".ci" / "lint_words.py"))
    avoided = (ROOT / "docs" / "words.md").read_text().split("## Words it avoids")[1]
    words, names_of_variables = avoided.split("Names of variables")
    for instead in lint["AVOIDED"].values():
        assert f"| {instead} |" in words
    listed = re.findall(r"^\| ([^|]+) \|", words, re.M)[1:]
    terms = {term.strip() for row in listed for term in row.split(",") if not row.startswith("-")}
    for term in terms:
        assert any(re.fullmatch(pattern, term) for pattern in lint["AVOIDED"]), term
    first_column = " ".join(re.findall(r"^\| ([^|]+) \|", names_of_variables, re.M)[1:])
    assert set(re.findall(r"\w+", first_column)) == lint["VAGUE"]


@pytest.mark.parametrize(
    ("clause", "passive"),
    [
        ("were cut", True),
        ("are not\n# read", True),
        ("may be removed", True),
        ("a job reads", False),
        ("are not None", False),
        ("are still to run", False),
    ],
)
def test_lint_finds_passive_relative_clauses(clause: str, passive: bool) -> None:
    lint = runpy.run_path(str(ROOT / ".ci" / "lint_words.py"))
    assert bool(lint["PASSIVE"].search(f"the rows that {clause}")) == passive


def test_the_page_on_architecture_names_every_package_in_its_layer_and_only_modules_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [
        f"| {len(layers) - depth} | `{package}` |" for depth, row in enumerate(layers) for package in row.split(" | ")
    ]
    assert re.findall(r"^\| \d+ \| `\w+` \|", page, re.M) == rows
    for path in re.findall(r"`(\w[\w/]*\.(?:py|smk))`", page):
        roots = (ROOT, ROOT / "src" / "pipeline_lib")
        assert path == "rules/STAGE.smk" or any((root / path).is_file() for root in roots), path


def test_the_page_on_self_correction_names_every_key_and_its_examples_are_valid() -> None:
    page = (ROOT / "docs/self_correction.md").read_text()
    for key in (*RefineSettings.model_fields, *(f"review.{key}" for key in Review.model_fields)):
        assert f"`{key}`" in page, key
    runs, refined, training = (
        YAML(typ="safe").load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    )
    assert RefineSettings.model_validate(refined).first.run == "cot"
    rest = {"title": "An example", "datasets": {}, "runs": {}, "benchmarks": {}}
    for lines in (runs, training):
        Draft202012Validator(study_schema()).validate({**rest, **lines})
