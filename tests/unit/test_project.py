"""What the project says of itself: its version, its licence, its authors; and the layers of its packages."""

import tomllib

from ruamel.yaml import YAML
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from tests.project import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
CITATION = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())


def test_the_program_says_its_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"vlmflow {PROJECT['version']}\n")


def test_the_help_names_the_commands_and_the_version() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert "--version" in done.output and "lineage" in done.output and "score answers" in done.output


def test_the_citation_says_what_the_package_says() -> None:
    assert [CITATION[name] for name in ("title", "version", "license")] == [
        PROJECT[name] for name in ("name", "version", "license")
    ]
    assert CITATION["authors"] == PROJECT["authors"] == [{"name": "The vlmflow developers"}]


def test_the_licence_is_there_and_names_the_developers() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "The vlmflow developers" in text and "[yyyy]" not in text


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()
