"""What the project says of itself: its version, its licence, its authors; and the layers of its packages."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from tests.project import BIN, ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
CITATION = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())


def test_the_program_says_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"vlmflow {PROJECT['version']}\n")


def test_the_help_names_the_commands_and_the_version() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert "--version" in result.output and "lineage" in result.output and "score answers" in result.output


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


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the library's sources and the contract about their imports."""
    root = tmp_path_factory.mktemp("sources")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return root


def broken_imports(root: Path) -> str:
    """Return what lint-imports says where it finds a broken contract, else nothing."""
    command = [BIN / "lint-imports", "--no-cache"]
    environment = {"PYTHONPATH": str(root / "src"), "PATH": str(BIN)}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode else ""


@pytest.mark.parametrize("module_path", ["scoring/verdicts.py", "benchmarks/families/counting.py", "core/errors.py"])
def test_no_lower_package_may_import_a_command(sources: Path, module_path: str) -> None:
    module = sources / "src/pipeline_lib" / module_path
    text = module.read_text()
    module.write_text(f"{text}\nfrom pipeline_lib.cli import show\n")
    assert f"pipeline_lib.{module_path[:-3].replace('/', '.')} -> pipeline_lib.cli" in broken_imports(sources)
    module.write_text(text)
    assert broken_imports(sources) == ""


def test_a_new_package_needs_a_layer(sources: Path) -> None:
    package = sources / "src/pipeline_lib/newcomer"
    package.mkdir()
    (package / "__init__.py").write_text("from pipeline_lib.cli import show\n")
    assert "newcomer" in broken_imports(sources)
    shutil.rmtree(package)
