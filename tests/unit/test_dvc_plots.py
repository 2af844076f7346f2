"""The page of `dvc plots diff`: it draws training curves without a network, where DVC's own page loads Vega from one."""

import configparser
import re
from pathlib import Path

import pytest
from dvc_render import VegaRenderer
from dvc_render.html import render_html

from tests.project import ROOT
from tests.unit.test_report import Reader
from tests.unit.test_report_browser import BROWSER, opened

TEMPLATE = ROOT / ".dvc" / "plots.html"
HOSTILE = "<img src=x onerror=alert(1)>"


def curve(revision: str, losses: list[float]) -> list[dict[str, str]]:
    return [{"step": str(step), "loss": str(loss), "rev": revision} for step, loss in enumerate(losses, start=1)]


def written(folder: Path, *curves: list[dict[str, str]], name: str = "half.curve.csv") -> Path:
    """Write the page of a training's curves as DVC does."""
    rows = [row for each in curves for row in each]
    renderer = VegaRenderer(rows, name, x="step", y="loss", title=name, template="linear")
    path = folder / "index.html"
    render_html([renderer], path, TEMPLATE)
    return path


def test_dvc_uses_this_page() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert config["plots"]["html_template"] == TEMPLATE.name, "relative to .dvc"


def test_the_page_refers_to_nothing_outside(tmp_path: Path) -> None:
    text = written(tmp_path, curve("HEAD", [3.0, 2.0]), curve("workspace", [3.0, 1.0])).read_text()
    elements = Reader(text).elements
    assert not [each for _, each in elements if each.get("src") or each.get("href")] and "cdn" not in text
    assert not re.search(r"import|fetch|XMLHttpRequest|url\(", text)
    (policy,) = [each["content"] for _, each in elements if each.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'; script-src 'unsafe-inline';")


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_a_browser_draws_a_line_for_every_revision_with_its_last_value(tmp_path: Path) -> None:
    text = opened(written(tmp_path, curve("HEAD", [3.0, 2.0]), curve("workspace", [3.0, 2.5, 1.0])))
    lines = re.findall(r'<polyline class="curve"[^>]* points="([^"]*)"', text)
    assert [len(points.split()) for points in lines] == [2, 3]
    assert "HEAD: 2.000 at the end" in text and "workspace: 1.000 at the end" in text
    heights = [[float(point.split(",")[1]) for point in points.split()] for points in lines]
    assert heights[0][0] == heights[1][0] and heights[0] == sorted(heights[0]), "a smaller loss is lower"


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_a_curve_of_one_value_and_a_hostile_name_are_shown(tmp_path: Path) -> None:
    text = opened(written(tmp_path, curve("HEAD", [3.0]), name=HOSTILE))
    assert "HEAD: 3.000 at the end" in text and "NaN" not in text.split("<body>")[1].split("</script>")[1]
    assert "<h2>&lt;img src=x onerror=alert(1)&gt;</h2>" in text


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_a_training_without_steps_is_named(tmp_path: Path) -> None:
    assert "no numbers to draw" in opened(written(tmp_path))
