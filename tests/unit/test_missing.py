"""Images that could not be fetched: in the index, in its lists, and refused by name."""

from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.index import IndexRow, health, merge, missing, quarantine, write_index
from pipeline_lib.images.reader import ImageReader

THERE = IndexRow("a.jpg", "kept", "JPEG", "raw", "a.jpg", 0, 9, 4, 4, 1, "1", "1")
GONE = missing([{"name": "b.jpg", "url": "https://example.org/b.gif", "reason": "HTTP 404"}])


def test_a_missing_image_stands_in_index_health_and_quarantine() -> None:
    rows = merge([[THERE], GONE], prefix="set/")
    assert [(row.path, row.status) for row in rows] == [("set/a.jpg", "kept"), ("set/b.jpg", "missing")]
    assert health(rows) == {"kept: JPEG": 1, "missing: HTTP 404": 1}
    assert quarantine(rows) == [{"path": "set/b.jpg", "status": "missing", "reason": "HTTP 404", "sha256": ""}]


def test_a_missing_image_cannot_be_read_and_says_why(tmp_path: Path) -> None:
    write_index(tmp_path / "index.parquet", merge([[THERE], GONE], prefix=""))
    images = ImageReader([tmp_path / "index.parquet"])
    assert "a.jpg" in images and "b.jpg" not in images
    assert images.why_not("b.jpg") == "image could not be fetched: HTTP 404"
    with pytest.raises(PipelineError, match="image could not be fetched: HTTP 404"):
        images.row("b.jpg")
