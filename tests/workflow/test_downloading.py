"""A study whose files are downloaded: from a server to the index of images, with a dead link on the way."""

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.project import Project
from tests.server import Server, file_of, serving
from tests.unit.test_archives import zipped

STUDY = """
title: Downloaded
datasets:
  photos:
    source: {{kind: archive, url: {url}/photos.zip, sha256: null, below: photos}}
    convert: {{to: jpeg}}
    prefix: photos/
  covers:
    source: {{kind: urls, list: {url}/covers.json, sha256: null, suffix: .jpg, unreachable: 0.5}}
    shards: 2
    convert: {{to: jpeg}}
    prefix: covers/
  mix:
    source: {{kind: file, url: {url}/mix.json, sha256: null}}
tables:
  instructions:
    dataset: mix
    images: [photos, covers]
    conversations: {{file: mix.json, unusable: 0.5}}
runs: {{}}
benchmarks: {{}}
"""
TARGET = "data/tables/instructions.parquet"


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (8, 6), (shade, 0, 0))
    image.paste("white", (0, 0, 4, 6))  # a picture of one tone is doubtful
    image.save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture()
def online(fresh: Project) -> Iterator[tuple[Project, Server]]:
    """Yield a project with a study `online`, and the server that it downloads from; cover 5 is gone."""
    names = ["photos/a.jpg", "photos/deep/b.jpg", *(f"covers/{n}.jpg" for n in range(6))]
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "That."}]
    rows = [{"id": name, "image": name, "conversations": turns} for name in names]
    with serving() as server:
        entries = {str(n): {"imageURL": f"{server.url}/covers/{n}.gif"} for n in range(6)}
        server.routes["/photos.zip"] = file_of(zipped({"photos/a.jpg": picture(1), "photos/deep/b.jpg": picture(2)}))
        server.routes["/covers.json"] = file_of(json.dumps(entries).encode())
        server.routes["/mix.json"] = file_of(json.dumps(rows).encode())
        for number in range(5):
            server.routes[f"/covers/{number}.gif"] = file_of(picture(10 * number))
        (fresh.root / "studies" / "online.yaml").write_text(STUDY.format(url=server.url))
        yield fresh, server


def make(project: Project) -> str:
    done = project.snakemake("-c2", "--config", "study=online", "--", TARGET)
    assert done.returncode == 0, done.text
    return done.text


def test_a_study_is_downloaded_pinned_and_not_asked_for_again(online: tuple[Project, Server]) -> None:
    project, server = online
    told = project.run("vlmflow", "config", "check", "--study", "online").text
    assert "5 open pins: this study is not reproducible" in told and f"{server.url}/photos.zip" in told
    assert not server.asked  # neither that nor planning asks the network
    make(project)

    failures = [(project.root / f"data/raw/covers/00{shard}.failures.jsonl").read_text() for shard in (0, 1)]
    assert [json.loads(line)["name"] for text in failures for line in text.splitlines()] == ["5.jpg"]
    health = json.loads((project.root / "data/images/covers/health.json").read_text())
    assert health == {"kept: JPEG": 5, "missing: HTTP 404": 1}
    (rejected,) = (project.root / "data/tables/instructions.rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["reason"] == "image could not be fetched: HTTP 404"
    once = [path for path in server.paths() if path.endswith((".zip", ".json"))]
    assert sorted(once) == ["/covers.json", "/mix.json", "/photos.zip"]

    server.routes.clear()
    before = len(server.asked)
    assert "Nothing to be done" in make(project)
    assert len(server.asked) == before
    assert "open pin" not in project.run("vlmflow", "config", "check", "--study", "online").text

    pins = project.root / "studies" / "pins.lock"
    assert project.run("vlmflow", "lineage", "check").returncode == 0
    pins.write_text(pins.read_text().replace('"size":', '"size":1'))
    done = project.run("vlmflow", "lineage", "check")
    assert done.returncode == 1 and "data/raw/photos/000.manifest.json: fetched under the pin" in done.text
