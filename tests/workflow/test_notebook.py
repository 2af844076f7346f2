"""The examples of docs/notebook.md, run in a finished study: columns, shapes and texts are equal, fractions may differ."""

import doctest
import re

import pytest

from tests.project import ROOT, Project

BLOCKS = re.findall(r"```pycon\n(.*?)```", (ROOT / "docs" / "notebook.md").read_text(), re.DOTALL)


class AnyFraction(doctest.OutputChecker):
    """Outputs are equal apart from numbers with a fraction, and the width of columns."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Return whether an output is the page's."""
        return self._plain(want) == self._plain(got)

    @staticmethod
    def _plain(text: str) -> list[str]:
        return [" ".join(re.sub(r"-?\d+\.\d+(e-?\d+)?", "fraction", line).split()) for line in text.splitlines()]


def test_the_examples_of_the_page_print_what_the_page_shows(
    finished: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(finished.root)
    page = doctest.DocTestParser().get_doctest("".join(BLOCKS), {}, "docs/notebook.md", None, None)
    assert len(page.examples) > 10
    failed, _ = doctest.DocTestRunner(AnyFraction(), verbose=False).run(page, out=print)
    assert failed == 0, capsys.readouterr().out
