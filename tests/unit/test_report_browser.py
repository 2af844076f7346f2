"""The report in a real browser, without a network: its script runs under its policy and shows texts as texts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline_lib.report.discovery import load_section, section_names
from pipeline_lib.report.page import page
from tests.reported import report_facts
from tests.unit.test_report import HOSTILE, right

NAMES = ("chromium", "chromium-headless-shell", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom")

pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser of {', '.join(NAMES)} is installed")


def opened(path: Path, fragment: str = "") -> str:
    """Return the document as a browser has it after the scripts have run."""
    profile = f"--user-data-dir={path.parent / 'profile'}"
    command = [str(BROWSER), *OPTIONS, profile, f"{path.as_uri()}{fragment}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    facts = report_facts(folder / "study", {"one": right, "two": lambda question, gold: HOSTILE}, images=100)
    path = folder / "report.html"
    path.write_text(page(facts, [load_section(name) for name in section_names()]), encoding="utf-8")
    return path


def test_the_list_has_all_questions_and_only_visible_rows_are_in_the_document(report: Path) -> None:
    text = opened(report)
    assert "600 of 600 questions" in text
    assert 5 < text.count('role="option"') < 60


def test_a_link_opens_a_question_with_the_answers_of_all_runs(report: Path) -> None:
    text = opened(report, "#answer=pope/10000017")
    assert re.search(r"<h3>pope 10000017</h3>", text)
    assert re.search(r'<pre dir="auto">&lt;/script&gt;&lt;script&gt;alert\(1\)', text)
    assert "<img" not in text and text.count("<script") == 2
