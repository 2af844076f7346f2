"""The picture of a health table."""

import json
import re
import xml.etree.ElementTree as ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.images.picture import BARS, OTHER, draw_health
from tests.project import ROOT

SVG = "{http://www.w3.org/2000/svg}"
HEALTH = {"kept: JPEG": 600, "converted: PNG RGBA": 200, "converted: GIF P": 150, "quarantined: empty file": 1}


def texts(drawn: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def bars(drawn: str) -> list[tuple[float, str]]:
    found = [
        (float(rect.get("width", 0)), str(rect.get("fill")))
        for rect in ElementTree.fromstring(drawn).iter(f"{SVG}rect")
    ]
    return found[1:]  # the first is the background


def test_every_status_and_reason_has_its_bar() -> None:
    drawn = draw_health(HEALTH)
    assert texts(drawn) == [
        *("951 images", "600 kept, 350 converted, 1 quarantined"),
        *("kept", "JPEG", "600 (63.1%)"),
        *("converted", "PNG RGBA", "200 (21.0%)", "GIF P", "150 (15.8%)"),
        *("quarantined", "empty file", "1 (0.1%)"),
    ]
    widths = [width for width, _ in bars(drawn)]
    assert widths[0] > 2.9 * widths[1] > 2.9 * 1.3 * widths[2] > 0 and widths[3] >= 2  # one image can be seen


def test_the_page_shows_the_picture_of_its_table() -> None:
    page = (ROOT / "docs" / "images.md").read_text()
    table = json.loads(page.split("```json")[1].split("```")[0])
    assert (ROOT / "docs" / "health.svg").read_text() == draw_health(table)


def test_the_same_table_is_the_same_picture_whatever_its_order() -> None:
    assert draw_health(dict(reversed(HEALTH.items()))) == draw_health(HEALTH)


def test_many_reasons_are_summed_up_and_what_is_unusable_is_always_shown() -> None:
    health = {f"kept: kind {number}": 1000 + number for number in range(40)} | {"quarantined: empty file": 1}
    drawn = draw_health(health)
    assert len(bars(drawn)) == BARS + 1 and bars(drawn)[-1][1] == OTHER
    assert "empty file" in texts(drawn) and "21 more reasons" in texts(drawn)
    assert f"{sum(1000 + number for number in range(21)):,}" in " ".join(texts(drawn))


@given(st.dictionaries(st.text(max_size=90), st.integers(1, 10**9), max_size=40))
@settings(max_examples=60)
def test_any_table_is_well_formed_and_needs_nothing_from_outside(health: dict[str, int]) -> None:
    drawn = draw_health(health)
    assert len(bars(drawn)) == min(len(health), BARS + 1)
    assert all(2 <= width <= 400 for width, _ in bars(drawn))
    assert not re.search(r"href|url\(|<image|<script", re.sub(r">[^<]*<", "><", drawn))
