"""The examples of docs/lineage.md, run in a finished study."""

import re

import pytest

from tests.project import ROOT, Project

PAGE = (ROOT / "docs" / "lineage.md").read_text()
CONSOLES = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [example for text in CONSOLES for example in re.split(r"^\$ ", text, flags=re.M)[1:]]


def is_in(line: str, text: str) -> bool:
    """Return whether a text has a line, in which … is any text; spaces at both ends do not count."""
    pattern = re.compile("".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", line.strip())))
    return any(pattern.fullmatch(printed.strip()) for printed in text.splitlines())


@pytest.fixture(scope="module")
def study(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy of the finished study: some examples write verdicts and texts."""
    return finished.clone(tmp_path_factory.mktemp("page") / "project")


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.splitlines()[0] for example in EXAMPLES])
def test_an_example_of_the_page_prints_what_the_page_shows(study: Project, example: str) -> None:
    command, *lines = example.splitlines()
    done = study.run("bash", "-c", command)
    assert [line for line in lines if not is_in(line, done.text)] == [], done.text
    assert done.returncode == (1 if any(line.startswith("error:") for line in lines) else 0), done.text
