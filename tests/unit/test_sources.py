"""Sources that download, through the fetch stage, from a real server on loopback."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline_lib.cli.clean import clean
from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.files import files_below
from pipeline_lib.downloads.pins import PINS, Pins
from pipeline_lib.downloads.store import FOLDER
from pipeline_lib.fetching.shard import Fetched, FetchSettings, fetch_shard
from pipeline_lib.sources import archive, folder, urls
from tests.hub import serve_dataset
from tests.project import ROOT
from tests.server import Answer, Server, file_of, first, serving
from tests.unit.test_archives import FILES, FORMS, member, tarred, zipped
from tests.unit.test_downloads import CONTENT, forget_downloads


@pytest.fixture()
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yield a server; the project of the test is an empty folder, and nobody is logged in anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(urls, "ATTEMPTS", 2)
    with serving() as running:
        yield running


def fetched(
    source: dict[str, Any], folder: str = "000", shard: int = 0, shards: int = 1
) -> tuple[dict[str, bytes], Fetched]:
    """Return the files of a shard, and what the stage says of them."""
    settings = FetchSettings.model_validate({"source": source, "seed": 0, "shard": shard, "shards": shards})
    done = fetch_shard(settings, Path(folder))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_below(Path(folder))}, done


def digests(folder: str) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): digest_bytes(path.read_bytes()) for path in files_below(Path(folder))}


def test_an_archive_becomes_its_files_whatever_the_shards(server: Server) -> None:
    server.routes["/set.zip"] = file_of(zipped(FILES))
    source = {"kind": "archive", "url": f"{server.url}/set.zip", "below": "set"}
    whole, done = fetched(source)
    assert whole == {"a.jpg": FILES["set/a.jpg"], "deep/b.jpg": b"b", "empty.jpg": b""}
    assert done.failures == [] and list(done.pins) == [f"{server.url}/set.zip"]
    parts = [fetched(source, f"part{shard}", shard, 3)[0] for shard in range(3)]
    assert sum(map(len, parts)) == 3 and {k: v for part in parts for k, v in part.items()} == whole
    assert len(server.asked) == 1


def test_several_archives_make_one_dataset_unless_their_names_collide(server: Server) -> None:
    server.routes["/a.zip"] = file_of(zipped({"x/a.jpg": b"a"}))
    server.routes["/b.tar"] = file_of(tarred({"y/b.jpg": b"b", "z/a.jpg": b"other"}))
    source = {"kind": "archive", "url": f"{server.url}/a.zip", "below": "x"}
    also = {"url": f"{server.url}/b.tar", "below": "y"}
    assert fetched({**source, "also": [also]})[0] == {"a.jpg": b"a", "b.jpg": b"b"}
    with pytest.raises(PipelineError, match=r"same name(.|\n)*a\.jpg"):
        fetched({**source, "also": [{**also, "below": "z"}]}, "other")


def test_an_archive_on_this_machine_is_taken_apart_too(server: Server, tmp_path: Path) -> None:
    (tmp_path / "here.tar").write_bytes(tarred(FILES))
    assert fetched({"kind": "archive", "url": str(tmp_path / "here.tar")})[0] == FILES


def test_single_files_get_the_names_that_are_wanted(server: Server) -> None:
    server.routes["/q.jsonl"] = file_of(b"{}")
    server.routes["/gold/a%20b.json"] = file_of(b"[]")
    source = {
        "kind": "file",
        "url": f"{server.url}/q.jsonl?download=true",
        "also": [{"url": f"{server.url}/gold/a%20b.json"}, {"url": f"{server.url}/q.jsonl", "name": "deep/q.jsonl"}],
    }
    assert fetched(source)[0] == {"q.jsonl": b"{}", "a b.json": b"[]", "deep/q.jsonl": b"{}"}
    with pytest.raises(PipelineError, match="not safe"):
        fetched({"kind": "file", "url": f"{server.url}/q.jsonl", "name": "../q.jsonl"}, "other")


def list_of(server: Server, count: int = 12, dead: tuple[int, ...] = (), name: str = "dataset.json") -> str:
    """Serve images and a list of them as OCR-VQA's, and return the list's URL."""
    entries = {
        f"id{n}": {"imageURL": f"{server.url}/images/{n}.{'gif' if n % 5 == 4 else 'jpg'}"} for n in range(count)
    }
    for number, entry in enumerate(entries.values()):
        if number not in dead:
            server.routes[entry["imageURL"].removeprefix(server.url)] = file_of(b"image %d" % number)
    server.routes[f"/{name}"] = file_of(json.dumps(entries).encode())
    return f"{server.url}/{name}"


def test_a_list_of_links_becomes_images_named_by_id_and_suffix(server: Server) -> None:
    files, done = fetched({"kind": "urls", "list": list_of(server)})
    assert files == {f"id{n}.{'gif' if n % 5 == 4 else 'jpg'}": b"image %d" % n for n in range(12)}
    assert done.failures == []
    named = fetched({"kind": "urls", "list": list_of(server), "suffix": ".jpg"}, "other", 0, 1)
    assert set(named[0]) == {f"id{n}.jpg" for n in range(12)}


def test_dead_links_are_listed_and_too_many_are_refused(server: Server) -> None:
    source = {"kind": "urls", "list": list_of(server, dead=(3, 7)), "unreachable": 0.2}
    server.routes["/images/5.jpg"] = lambda request: Answer(200, b"<!DOCTYPE html>gone", {})
    server.routes["/images/6.jpg"] = lambda request: Answer(200, b"")
    server.routes["/images/8.jpg"] = lambda request: Answer(503)
    with pytest.raises(PipelineError) as raised:
        fetched(source)
    assert "5 of 12 files cannot be reached; the study allows 20.00%" in str(raised.value)
    files, done = fetched({**source, "unreachable": 0.5}, "other")
    assert len(files) == 7
    assert [(failure.name, failure.reason) for failure in done.failures] == [
        ("id3.jpg", "HTTP 404"),
        ("id5.jpg", "an HTML page instead of the file"),
        ("id6.jpg", "empty"),
        ("id7.jpg", "HTTP 404"),
        ("id8.jpg", "HTTP 503"),
    ]


def table(delimiter: str, rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "tsv"])
def test_lists_come_in_other_forms(server: Server, form: str) -> None:
    server.routes["/i"] = lambda request: Answer(body=request.path.encode())
    rows = [{"key": f"k{n}", "link": f"{server.url}/i/{n}.png?size=big"} for n in range(3)]
    forms = {
        "json": json.dumps(rows).encode(),
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "csv": table(",", rows),
        "tsv": table("\t", rows),
    }
    server.routes[f"/list.{form}"] = file_of(forms[form])
    source = {"kind": "urls", "list": f"{server.url}/list.{form}", "id_field": "key", "url_field": "link"}
    assert fetched(source)[0] == {f"k{n}.png": f"/i/{n}.png".encode() for n in range(3)}
    with pytest.raises(PipelineError, match=r"entry 0(.|\n)*`url_field`"):
        fetched({**source, "url_field": "lnk"}, "other")


def test_a_list_of_urls_alone_names_images_by_the_last_parts_of_their_paths(server: Server) -> None:
    server.routes["/set"] = lambda request: Answer(body=request.path.encode())
    urls = [f"{server.url}/set/0/9L.png", f"{server.url}/set/4/9%20R.png?size=big"]
    server.routes["/url.csv"] = file_of("\n".join(["url", *urls, ""]).encode())
    source = {"kind": "urls", "list": f"{server.url}/url.csv", "url_field": "url", "parts": 2}
    assert sorted(fetched(source)[0]) == ["0/9L.png", "4/9 R.png"]
    with pytest.raises(PipelineError, match="fewer than 9 parts"):
        fetched({**source, "parts": 9}, "other")
    server.routes["/url.csv"] = file_of(f"url\n{server.url}/set/%2e%2e/a.png\n".encode())
    with pytest.raises(PipelineError, match="not safe"):
        fetched({**source, "list": f"{server.url}/url.csv?again"}, "third")
    with pytest.raises(ValidationError, match="both name the images"):
        fetched({**source, "suffix": ".jpg"}, "fourth")


def test_a_link_that_is_listed_twice_is_fetched_once_and_two_images_of_one_name_are_refused(server: Server) -> None:
    server.routes["/set"] = lambda request: Answer(body=request.path.encode())
    once, other = f"{server.url}/set/0/9L.png", f"{server.url}/other/set/0/9L.png"
    source = {"kind": "urls", "list": f"{server.url}/url.csv", "url_field": "url", "parts": 2}
    server.routes["/url.csv"] = file_of("\n".join(["url", once, once, ""]).encode())
    assert sorted(fetched(source)[0]) == ["0/9L.png"] and server.paths().count("/set/0/9L.png") == 1
    server.routes["/url.csv"] = file_of("\n".join(["url", once, other, ""]).encode())
    with pytest.raises(PipelineError, match=r"same name(.|\n)*url\.csv(.|\n)*9L\.png(.|\n)*raise `parts`"):
        fetched({**source, "list": f"{server.url}/url.csv?again"}, "other")


def test_a_list_that_names_a_column_twice_is_refused(server: Server) -> None:
    server.routes["/list.csv"] = file_of(f"id,imageURL,imageURL\n1,{server.url}/a.jpg,{server.url}/b.jpg\n".encode())
    with pytest.raises(PipelineError, match=r"same name(.|\n)*imageURL"):
        fetched({"kind": "urls", "list": f"{server.url}/list.csv", "id_field": "id"})


@pytest.mark.parametrize(
    "entry", [{"../x": "{url}/a.jpg"}, {"a": "{url}/a.jpg", "a.jpg/b": "{url}/b.jpg"}, {"a": "{url}/a"}]
)
def test_a_list_that_would_write_elsewhere_or_twice_is_refused(server: Server, entry: dict[str, str]) -> None:
    entries = {key: {"imageURL": value.format(url=server.url)} for key, value in entry.items()}
    server.routes["/list.json"] = file_of(json.dumps(entries).encode())
    with pytest.raises(PipelineError, match=r"not safe|another's folder|no suffix"):
        fetched({"kind": "urls", "list": f"{server.url}/list.json"})
    assert server.paths() == ["/list.json"]


def test_images_that_were_fetched_before_are_not_asked_for_again(server: Server) -> None:
    source = {"kind": "urls", "list": list_of(server, dead=(3,)), "unreachable": 0.0}
    with pytest.raises(PipelineError):
        fetched(source)
    before = len(server.asked)
    list_of(server)
    assert len(fetched(source, "again")[0]) == 12
    assert server.paths()[before:] == ["/images/3.jpg"]


def test_another_number_of_shards_asks_for_dead_links_alone(server: Server) -> None:
    source = {"kind": "urls", "list": list_of(server, dead=(3,)), "unreachable": 0.5}
    for shard in range(2):
        fetched(source, f"shard{shard}", shard, 2)
    before = len(server.asked)
    fetched(source)
    assert server.paths()[before:] == ["/images/3.jpg"]
    clean()
    assert not FOLDER.exists()


def test_the_files_of_a_list_are_pinned_shard_by_shard(server: Server) -> None:
    source = {"kind": "urls", "list": list_of(server)}
    shards = [fetched(source, f"shard{shard}", shard, 2) for shard in range(2)]
    pins = Pins().all()
    assert set(pins) == {source["list"], f"{source['list']}#000/2", f"{source['list']}#001/2"}
    assert set(shards[1][1].pins) == {source["list"], f"{source['list']}#001/2"}
    assert pins[f"{source['list']}#001/2"]["files"] == len(shards[1][0])
    forget_downloads()
    changed = next(name for name in shards[1][0] if name.endswith(".jpg"))
    server.routes[f"/images/{changed.removeprefix('id')}"] = file_of(b"another image")
    fetched(source, "again0", 0, 2)
    with pytest.raises(PipelineError, match="differs from its pin"):
        fetched(source, "again1", 1, 2)


def test_a_shard_is_the_same_whoever_fetches_it_and_when(server: Server) -> None:
    server.routes["/set.tar"] = file_of(tarred(FILES))
    for source in ({"kind": "archive", "url": f"{server.url}/set.tar"}, {"kind": "urls", "list": list_of(server)}):
        first_time = fetched(source, f"{source['kind']}1")[0]
        forget_downloads()
        assert fetched(source, f"{source['kind']}2")[0] == first_time


COMMIT, OTHER = "a" * 40, "b" * 40
REPOSITORY = {"README.md": b"# Hello", "data/big.bin": CONTENT, "data/small.json": b"[]", "other/x.json": b"{}"}


def on_hub(server: Server, revision: str, **more: object) -> dict[str, object]:
    return {"kind": "hub", "repository": "org/name", "revision": revision, "endpoint": server.url, **more}


def test_files_of_the_hub_at_a_commit(server: Server) -> None:
    serve_dataset(server, "org/name", {}, {COMMIT: REPOSITORY})
    files, done = fetched(on_hub(server, COMMIT, files=["data/*", "*.md"]))
    assert files == {name: REPOSITORY[name] for name in ("README.md", "data/big.bin", "data/small.json")}
    assert done.pins == {} and not PINS.exists()  # a commit is its own pin


def test_a_branch_is_pinned_to_what_it_meant_first(server: Server) -> None:
    later = {**REPOSITORY, "data/small.json": b"[1]"}
    branches = {"main": COMMIT}
    serve_dataset(server, "org/name", branches, {COMMIT: REPOSITORY, OTHER: later})
    _, done = fetched(on_hub(server, "main"))
    assert done.pins == {"hub:dataset/org/name@main": {"commit": COMMIT}}
    branches["main"] = OTHER
    assert fetched(on_hub(server, "main"), "again")[0] == REPOSITORY
    PINS.unlink()
    assert fetched(on_hub(server, "main"), "new")[0] == later


def test_bytes_that_are_not_those_of_the_commit_are_refused(server: Server) -> None:
    for name in ("data/big.bin", "data/small.json"):
        commits = {COMMIT: dict(REPOSITORY)}
        serve_dataset(server, "org/name", {}, commits)
        server.routes[f"/datasets/org/name/resolve/{COMMIT}/{name}"] = tampered(REPOSITORY[name])
        with pytest.raises(PipelineError, match="differs from its pin"):
            fetched(on_hub(server, COMMIT, files=[name]), name.replace("/", "-"))
        del server.routes[f"/datasets/org/name/resolve/{COMMIT}/{name}"]
        assert fetched(on_hub(server, COMMIT, files=[name]), name.replace("/", "+"))[0] == {name: REPOSITORY[name]}


def tampered(content: bytes):  # type: ignore[no-untyped-def]
    """Return a route that serves as many other bytes."""
    headers = {"X-Repo-Commit": COMMIT, "ETag": '"other"'}
    return lambda request: Answer(200, bytes(len(content)), headers)


def test_what_the_hub_does_not_have_is_said(server: Server) -> None:
    serve_dataset(server, "org/name", {}, {COMMIT: REPOSITORY})
    with pytest.raises(PipelineError, match=r"no such revision(.|\n)*branch"):
        fetched(on_hub(server, "branch"))
    with pytest.raises(PipelineError, match=r"no such repository(.|\n)*org/other"):
        fetched({**on_hub(server, COMMIT), "repository": "org/other"})
    with pytest.raises(PipelineError, match="the source has no files"):
        fetched(on_hub(server, COMMIT, files=["*.parquet"]))


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_the_parts_of_an_archive_on_the_hub_are_read_as_one(server: Server, form: str) -> None:
    parts = parts_of(FORMS[form](FILES), 16)
    names = [f"image.{form}.part-a{chr(ord('a') + number)}" for number in range(16)]
    serve_dataset(
        server, "org/name", {"main": COMMIT}, {COMMIT: {**REPOSITORY, **dict(zip(names, parts, strict=True))}}
    )
    source = {**on_hub(server, "main"), "kind": "hub_archive", "archive": f"image.{form}.part-*", "below": "set"}
    whole, done = fetched(source)
    assert whole == {"a.jpg": FILES["set/a.jpg"], "deep/b.jpg": b"b", "empty.jpg": b""}
    assert list(done.pins) == ["hub:dataset/org/name@main"]
    shards = [fetched(source, f"part{shard}", shard, 3)[0] for shard in range(3)]
    assert sum(map(len, shards)) == 3 and {k: v for shard in shards for k, v in shard.items()} == whole


def test_two_archives_are_not_joined_and_a_lost_part_is_noticed(server: Server) -> None:
    first, *_, last = parts_of(zipped(FILES), 3)
    files = {"a.zip": zipped(FILES), "b.zip": zipped(FILES), "c.zip.1": first, "c.zip.3": last}
    serve_dataset(server, "org/name", {}, {COMMIT: files})
    source = {**on_hub(server, COMMIT), "kind": "hub_archive"}
    assert fetched({**source, "archive": "a.zip"})[0] == FILES
    with pytest.raises(PipelineError, match=r"not the parts of one archive(.|\n)*a\.zip, b\.zip"):
        fetched({**source, "archive": "?.zip"}, "both")
    with pytest.raises(PipelineError, match="this archive is "):
        fetched({**source, "archive": "c.zip.*"}, "lost")
    with pytest.raises(PipelineError, match=r"no such file(.|\n)*d\.zip"):
        fetched({**source, "archive": "d.zip"}, "absent")


def parts_of(content: bytes, count: int) -> list[bytes]:
    """Return the content cut into pieces of one size, the last one shorter."""
    size = -(-len(content) // count)
    return [content[size * number : size * (number + 1)] for number in range(count)]


def test_a_token_reaches_no_mirror(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    serve_dataset(server, "org/name", {}, {COMMIT: REPOSITORY})
    fetched(on_hub(server, COMMIT))
    assert server.asked and not any("hf_secret" in str(request.headers) for request in server.asked)


def test_an_archive_and_a_file_of_google_drive(server: Server) -> None:
    archive = zipped(FILES)
    server.routes["/uc"] = file_of(archive)
    source = {"kind": "google_drive", "id": "abc", "endpoint": server.url}
    assert fetched({**source, "below": "other"})[0] == {"c.jpg": b"c"}
    assert fetched({**source, "name": "set.zip"}, "other")[0] == {"set.zip": archive}
    assert list(Pins().all()) == ["drive:abc"] and len(server.asked) == 1


def test_files_to_be_got_by_hand_are_told_until_they_are_there(server: Server, tmp_path: Path) -> None:
    source = {
        "kind": "manual",
        "page": "https://example.org/form",
        "licence": "research only",
        "path": "got",
        "expect": ["a.jpg", "b/c.jpg"],
    }
    for make in (
        lambda: None,
        lambda: (tmp_path / "got/b").mkdir(parents=True),
        lambda: (tmp_path / "got/a.jpg").touch(),
    ):
        make()
        with pytest.raises(PipelineError) as raised:
            fetched(source)
        for text in ("https://example.org/form", "research only", "got", "b/c.jpg"):
            assert text in str(raised.value)
    with pytest.raises(PipelineError, match="missing: 3 files"):
        fetched({**source, "expect": 3})
    (tmp_path / "got/b/c.jpg").write_bytes(b"c")
    assert fetched(source)[0] == {"a.jpg": b"", "b/c.jpg": b"c"}
    assert (tmp_path / "000" / "a.jpg").is_symlink()


def program(source: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """Run the fetch stage's own program on shard 000 of a dataset."""
    sys.path.insert(0, str(ROOT / "src"))
    from pipeline_lib.job.code.digest import code_digest

    script = ROOT / "workflow_scripts" / "fetch.py"
    plugin = f"pipeline_lib.sources.{source['kind']}"
    settings = FetchSettings.model_validate({"source": source, "seed": 0, "shard": 0, "shards": 1}).canonical()
    options = {
        "--raw": "data/raw/x/000", "--failures": "data/raw/x/000.failures.jsonl", "--manifest": "data/raw/x/000.manifest.json",
        "--settings": settings, "--code": f"{code_digest(script, plugin)} {plugin}", "--record": "data/records/fetch/x-000.json",
        "--log": "data/logs/fetch/x-000.log",
    }  # fmt: skip
    command = [sys.executable, "-P", str(script), *(part for option in options.items() for part in option)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_TOKEN": "hf_secret"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_hostile_archive_leaves_nothing_and_a_good_one_its_manifest(server: Server) -> None:
    evil = tarred({"a.jpg": b"a"}, member("link", b"2", "/etc"))
    server.routes["/set.tar"] = first(file_of(evil), then=file_of(tarred(FILES)))
    source = {"kind": "archive", "url": f"{server.url}/set.tar"}
    done = program(source)
    assert (
        done.returncode == 1 and "not safe" in done.stderr and "link" in done.stderr and "Traceback" not in done.stderr
    )
    assert not files_below(Path("data/raw"))
    assert files_below(Path("data")) and "hf_secret" not in "".join(
        path.read_text() for path in files_below(Path("data"))
    )
    forget_downloads()
    PINS.unlink()
    assert program(source).returncode == 0
    manifest = json.loads(Path("data/raw/x/000.manifest.json").read_text())
    assert [file["path"] for file in manifest["files"]] == sorted(
        ["000.failures.jsonl", *(f"000/{name}" for name in FILES)]
    )
    record = json.loads(Path("data/records/fetch/x-000.json").read_text())
    assert record["notes"]["pins"] == Pins().all() and record["notes"]["unreachable"] == 0


def test_a_password_in_a_url_is_refused_before_it_reaches_a_record() -> None:
    with pytest.raises(ValidationError, match="would be written into every record"):
        archive.Settings(kind="archive", url="https://me:secret@example.org/set.zip")


def test_a_link_that_leads_nowhere_is_listed_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.jpg").write_bytes(b"a")
    (tmp_path / "source" / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    source = folder.Settings(kind="folder", path=str(tmp_path / "source"))
    done = fetch_shard(FetchSettings(source=source, seed=0, shard=0, shards=1), tmp_path / "raw")
    assert [(failure.name, failure.reason) for failure in done.failures] == [("b.jpg", "a link to nothing")]
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["a.jpg"]
