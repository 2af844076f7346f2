"""Downloads: whole, once, resumed, tried again, pinned; from a real server on loopback."""

import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pipeline_lib.core.digests import digest_bytes
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.downloads.drive import DriveFile
from pipeline_lib.downloads.pace import RetryPolicy, UnreachableError
from pipeline_lib.downloads.pins import PINS, Pins
from pipeline_lib.downloads.store import FOLDER, Store
from pipeline_lib.downloads.transfer import WebFile
from pipeline_lib.machine.site import Downloads
from tests.server import Answer, Request, Route, Server, dropped, file_of, first, serving, slow

CONTENT = bytes(range(256)) * 2000
PER_HOST = Downloads().connections
QUICK = RetryPolicy(attempts=4, first_wait=0.01, longest_wait=0.02, longest_retry_after=5)


@pytest.fixture()
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yield a server; the project of the test is an empty folder."""
    monkeypatch.chdir(tmp_path)
    with serving() as running:
        yield running


def get(server: Server, route: Route, sha256: str | None = None, path: str = "/file.bin") -> Path:
    server.routes[path] = route
    with Store(policy=QUICK) as store:
        return store.pinned(server.url + path, sha256)


def ranges(server: Server) -> list[str]:
    return [request.headers.get("range", "") for request in server.asked]


def test_a_file_comes_whole_and_once(server: Server) -> None:
    for _ in range(3):
        assert get(server, file_of(CONTENT)).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_transfer_that_breaks_off_goes_on_where_it_was(server: Server) -> None:
    file = file_of(CONTENT)
    many = [dropped(file, after=60_000) for _ in range(8)]  # more than the attempts: every one brings it further
    assert get(server, first(*many, then=file)).read_bytes() == CONTENT
    assert ranges(server) == ["", *(f"bytes={60_000 * n}-" for n in range(1, 9))]


def test_a_file_that_changes_between_two_parts_is_fetched_from_the_start(server: Server) -> None:
    new = CONTENT[::-1]
    route = first(dropped(file_of(CONTENT), after=60_000), then=file_of(new))
    assert get(server, route).read_bytes() == new


def changed_206(content: bytes) -> Route:
    """Return a route that does not know If-Range: it sends parts of its new file to who holds the old one."""
    file = file_of(content)
    return lambda request: file(
        Request(request.path, "", {k: v for k, v in request.headers.items() if k != "if-range"}, "GET")
    )


def test_parts_of_two_versions_are_never_put_together(server: Server) -> None:
    new = CONTENT[::-1]
    assert get(server, first(dropped(file_of(CONTENT), after=60_000), then=changed_206(new))).read_bytes() == new


@pytest.mark.parametrize("options", [{"ranges": False}, {"tagged": False}])
def test_where_no_part_can_be_asked_for_it_starts_again(server: Server, options: dict[str, bool]) -> None:
    file = file_of(CONTENT, **options)
    assert get(server, first(dropped(file, after=60_000), then=file)).read_bytes() == CONTENT


def test_a_server_that_always_breaks_off_at_the_same_place_is_given_up(server: Server) -> None:
    with pytest.raises(UnreachableError, match="no answer"):
        get(server, dropped(file_of(CONTENT, ranges=False), after=60_000))
    assert len(server.asked) == 1 + QUICK.attempts


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_may_pass_is_tried_again(server: Server, code: int) -> None:
    assert get(server, first(Answer(code), Answer(code), then=file_of(CONTENT))).read_bytes() == CONTENT


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_asks_for_a_pause_gets_it(server: Server, form: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    wait = Answer(429, headers={"Retry-After": "1" if form == "seconds" else date})
    before = time.monotonic()
    get(server, first(wait, then=file_of(CONTENT)))
    assert time.monotonic() - before > 0.9


def test_a_pause_of_an_hour_ends_the_job_with_what_to_do(server: Server) -> None:
    with pytest.raises(PipelineError, match="wait for 3600 s") as raised:
        get(server, first(Answer(503, headers={"Retry-After": "3600"}), then=file_of(CONTENT)))
    assert "run the same command again" in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(404), ["HTTP 404", "correct the address"]),
        (Answer(403), ["HTTP 403", "manual"]),
        (Answer(500), ["HTTP 500", "again later"]),
        (Answer(200, b"\n<!DOCTYPE html><p>Sign in"), ["an HTML page instead of the file", "form"]),
        (Answer(302, headers={"Location": "/file.bin"}), ["TooManyRedirects"]),
    ],
)
def test_what_cannot_be_had_is_said_with_a_cure(server: Server, answer: Answer, expected: list[str]) -> None:
    with pytest.raises(UnreachableError) as raised:
        get(server, lambda request: answer)
    for text in ["/file.bin", *expected]:
        assert text in str(raised.value)
    assert not PINS.exists()


def test_a_host_that_is_not_there_is_said(server: Server) -> None:
    with Store(policy=QUICK) as store, pytest.raises(UnreachableError, match=r"no answer \(ConnectError\)"):
        store.pinned("http://127.0.0.1:9/file.bin", None)


def test_a_page_is_a_file_where_a_page_is_asked_for(server: Server) -> None:
    assert get(server, file_of(b"<html></html>"), path="/page.html").read_bytes() == b"<html></html>"


def test_a_killed_download_goes_on_with_the_next_process(server: Server) -> None:
    server.routes["/file.bin"] = dropped(file_of(CONTENT), after=300_000, stall=60)
    program = f"from pipeline_lib.downloads.store import Store\nStore().pinned('{server.url}/file.bin', None)"
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        wait_until(lambda: any(part.stat().st_size >= 250_000 for part in FOLDER.glob("*/*.part")))
        child.kill()
    assert get(server, file_of(CONTENT)).read_bytes() == CONTENT
    (asked,) = ranges(server)[1:]
    assert 250_000 <= int(asked.removeprefix("bytes=").rstrip("-")) <= 300_000


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


def test_processes_that_need_one_file_share_one_download(server: Server) -> None:
    server.routes["/file.bin"] = slow(file_of(CONTENT), 0.3)
    program = f"from pipeline_lib.downloads.store import Store\nStore().pinned('{server.url}/file.bin', None)"
    children = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert len(server.asked) == 1
    assert not list(FOLDER.glob("*/*.part")) and len(Pins().all()) == 1


def test_a_host_is_asked_some_things_at_once_and_no_more(server: Server) -> None:
    server.routes["/images"] = slow(lambda request: Answer(body=request.path.encode()), 0.05)
    with Store(policy=QUICK) as store, ThreadPoolExecutor(3 * PER_HOST) as pool:
        urls = [f"{server.url}/images/{number}" for number in range(60)]
        paths = list(pool.map(lambda url: store.file(WebFile(url)), urls))
    assert [path.read_text() for path in paths] == [f"/images/{number}" for number in range(60)]
    assert PER_HOST // 2 < server.most_at_once <= PER_HOST


def test_the_site_sets_how_many_requests_a_host_gets(server: Server) -> None:
    Path("site.yaml").write_text("downloads: {connections: 3}")
    server.routes["/images"] = slow(lambda request: Answer(body=request.path.encode()), 0.05)
    with Store(policy=QUICK) as store, ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda number: store.file(WebFile(f"{server.url}/images/{number}")), range(30)))
    assert server.most_at_once == 3


FETCHING = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pipeline_lib.downloads import hosts
from pipeline_lib.downloads.store import Store
from pipeline_lib.downloads.transfer import WebFile
hosts.TURN = 0.2
with Store() as store, ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda number: store.file(WebFile(f"{sys.argv[1]}/{number}")), range(int(sys.argv[2]))))
"""


def test_processes_take_turns_at_one_host(server: Server) -> None:
    count, asked = 150, Counter[str]()
    for number in range(3):
        server.routes[f"/shard{number}"] = slow(lambda request: Answer(body=request.path.encode()), 0.03)
    children = [
        subprocess.Popen([sys.executable, "-c", FETCHING, f"{server.url}/shard{number}", str(count)])
        for number in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    shards = [request.path.split("/")[1] for request in server.asked]
    begun = max(shards.index(f"shard{number}") for number in range(3))  # all three run from here on
    for shard in shards[begun:]:
        asked[shard] += 1
        if asked.total() == count:
            break
    assert min(asked.values()) > count / 3 / 3 and len(asked) == 3


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_file_is_fetched_all_the_same(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    assert get(server, file_of(CONTENT), digest_bytes(CONTENT)).read_bytes() == CONTENT
    assert "a download is not locked" in caplog.text and "the requests to this host are not limited" in caplog.text


def test_what_waits_ends_when_the_store_is_stopped(server: Server) -> None:
    server.routes["/file.bin"] = lambda request: Answer(503, headers={"Retry-After": "600"})
    with Store(policy=RetryPolicy()) as store, ThreadPoolExecutor(1) as pool:
        future = pool.submit(store.file, WebFile(f"{server.url}/file.bin"))
        wait_until(lambda: bool(server.asked))
        store.stop()
        with pytest.raises(UnreachableError, match="HTTP 503"):
            future.result(timeout=60)


def test_the_first_download_writes_the_pin_and_another_later_is_refused(server: Server) -> None:
    get(server, file_of(CONTENT))
    pin = {"sha256": digest_bytes(CONTENT), "size": len(CONTENT)}
    assert json.loads(PINS.read_text()) == {f"{server.url}/file.bin": pin}
    forget_downloads()
    other = CONTENT + b"more"
    with pytest.raises(PipelineError) as raised:
        get(server, file_of(other))
    assert digest_bytes(CONTENT) in str(raised.value) and digest_bytes(other) in str(raised.value)
    assert "remove the pin" in str(raised.value)
    assert get(server, file_of(CONTENT)).read_bytes() == CONTENT  # nothing of the other was kept
    PINS.unlink()
    forget_downloads()
    assert get(server, file_of(other)).read_bytes() == other


def forget_downloads() -> None:
    for path in (path for path in FOLDER.rglob("*") if path.is_file()):
        path.unlink()


def test_a_digest_in_the_study_is_held_to_and_not_written_again(server: Server) -> None:
    with pytest.raises(PipelineError, match="differs from its pin"):
        get(server, file_of(CONTENT), sha256="0" * 64)
    get(server, file_of(CONTENT), sha256=digest_bytes(CONTENT))
    assert not PINS.exists()


def test_parts_of_unlike_versions_that_the_server_calls_alike_are_seen_by_the_digest(server: Server) -> None:
    same_tag = {"ETag": '"v"', "Content-Type": "x/y"}
    old = Answer(200, CONTENT[::-1], same_tag, drop_after=60_000)

    def new(request: Request) -> Answer:
        asked = request.headers.get("range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        place = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if asked else {}
        return Answer(206 if asked else 200, CONTENT[start:], {**same_tag, **place})

    with pytest.raises(UnreachableError):  # one part is left behind by a process that gave up
        get(server, first(old, *[Answer(500)] * QUICK.attempts, then=new), digest_bytes(CONTENT))
    assert get(server, new, digest_bytes(CONTENT)).read_bytes() == CONTENT


def test_a_download_that_was_altered_is_fetched_again(server: Server) -> None:
    path = get(server, file_of(CONTENT))
    path.write_bytes(b"altered")
    assert get(server, file_of(CONTENT)).read_bytes() == CONTENT


def test_pins_are_one_a_line_sorted_whoever_writes_them(server: Server) -> None:
    names = [f"https://example.org/{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: Pins().add(name, {"size": 1}), reversed(names)))
    lines = PINS.read_text().splitlines()
    assert lines[0] == "{" and lines[-1] == "}" and len(lines) == 22
    assert lines[1:-1] == sorted(lines[1:-1]) and list(json.loads(PINS.read_text())) == sorted(names)


def test_a_local_file_is_used_in_place_and_pinned(server: Server, tmp_path: Path) -> None:
    (tmp_path / "here.json").write_text("[]")
    with Store() as store:
        assert store.pinned("here.json", None) == Path("here.json")
    (tmp_path / "here.json").write_text("[1]")
    with Store() as store, pytest.raises(PipelineError, match="differs from its pin"):
        store.pinned("here.json", None)


CONFIRM = """<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title><style>p {{}}</style></head><body>
<p class="uc-warning-caption">Google Drive can't scan this file for viruses.</p>
<form id="download-form" action="{url}/download" method="get"><input type="submit" value="Download anyway"/>
<input type="hidden" name="id" value="abc"><input type="hidden" name="confirm" value="t">
<input type="hidden" name="uuid" value="1-2-3"></form></body></html>"""
QUOTA = """<html><head><title>Google Drive - Quota exceeded</title></head><body><p class="uc-error-caption">Sorry, you can't
view or download this file at this time.</p><p class="uc-error-subcaption">Too many users have viewed or downloaded this
file recently.</p></body></html>"""
LOGIN = "<!doctype html><html><head><title>Google Drive: Sign in</title></head><body>Sign in to continue</body></html>"


def page(text: str, code: int = 200) -> Answer:
    return Answer(code, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def attached(content: bytes) -> Route:
    """Return a route as Drive's: a file that comes with a disposition, in parts where these are asked for."""
    file = file_of(content)

    def route(request: Request) -> Answer:
        answer = file(request)
        return Answer(answer.code, answer.body, {**answer.headers, "Content-Disposition": 'attachment; filename="a"'})

    return route


def drive(server: Server) -> Path:
    with Store(policy=QUICK) as store:
        return store.pinned_download(DriveFile("abc", server.url), None)


def test_a_small_file_of_drive_comes_at_once(server: Server) -> None:
    server.routes["/uc"] = attached(CONTENT)
    assert drive(server).read_bytes() == CONTENT
    assert server.asked[0].query == "export=download&id=abc" and list(Pins().all()) == ["drive:abc"]


def test_the_page_of_confirmation_is_answered_as_a_person_would_and_the_file_resumed(server: Server) -> None:
    server.routes["/uc"] = lambda request: page(CONFIRM.format(url=server.url))
    server.routes["/download"] = first(dropped(attached(CONTENT), after=60_000), then=attached(CONTENT))
    assert drive(server).read_bytes() == CONTENT
    downloads = [request for request in server.asked if request.path == "/download"]
    assert downloads[0].query == "id=abc&confirm=t&uuid=1-2-3"
    assert [request.headers.get("range") for request in downloads] == [None, "bytes=60000-"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page(QUOTA), ["quota for this file is used up", "wait a day"]),
        (page(QUOTA, 403), ["quota for this file is used up"]),
        (page(LOGIN), ["wants a log-in", "manual"]),
        (page("<html><body>Something new</body></html>"), ["Something new", "browser"]),
        (Answer(404), ["HTTP 404"]),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_a_page_of_drive_is_an_error_and_no_file(
    server: Server, answer: Answer, expected: list[str], confirmed: bool
) -> None:
    server.routes["/uc"] = lambda request: page(CONFIRM.format(url=server.url)) if confirmed else answer
    server.routes["/download"] = lambda request: answer
    with pytest.raises(UnreachableError) as raised:
        drive(server)
    for text in ["drive:abc", *expected]:
        assert text in str(raised.value)
    assert not PINS.exists()


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "x-unknown"])
def test_a_body_that_was_packed_unasked_is_refused(server: Server, encoding: str) -> None:
    packed = gzip.compress(bytes(10_000_000))
    with pytest.raises(UnreachableError, match=f"packs it as '{encoding}'"):
        get(server, lambda _: Answer(200, packed, {"Content-Encoding": encoding}))
    assert not PINS.exists()
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_body_is_taken_that_says_that_it_is_not_packed(server: Server) -> None:
    assert get(server, lambda _: Answer(200, CONTENT, {"Content-Encoding": "identity"})).read_bytes() == CONTENT


@pytest.mark.parametrize("answered", ["announced", "without end"])
def test_a_file_larger_than_the_limit_is_given_up(server: Server, answered: str) -> None:
    small = replace(QUICK, largest=1000.0)
    chunks = b"".join(b"1000\r\n" + bytes(4096) + b"\r\n" for _ in range(100))
    endless = Answer(200, chunks, {"Transfer-Encoding": "chunked"}, drop_after=len(chunks))
    server.routes["/file.bin"] = lambda _: Answer(200, CONTENT) if answered == "announced" else endless
    with Store(policy=small) as store, pytest.raises(UnreachableError, match=r"larger than(.|\n)*site\.yaml"):
        store.pinned(server.url + "/file.bin", None)


def test_a_file_for_which_there_is_no_room_is_not_begun(server: Server) -> None:
    server.routes["/file.bin"] = lambda _: Answer(200, b"", {"Content-Length": str(10**18)})
    with (
        Store(policy=replace(QUICK, largest=1e30)) as store,
        pytest.raises(PipelineError, match="not enough disk space"),
    ):
        store.pinned(server.url + "/file.bin", None)


@pytest.mark.parametrize("asked", ["\xb2", "9" * 400, "Mon, 99 Foo 99999 99:99:99 GMT", "soon"])
def test_a_wait_that_is_no_time_is_no_wait_or_too_long_a_one(server: Server, asked: str) -> None:
    with pytest.raises(PipelineError):
        get(server, lambda _: Answer(503, b"", {"Retry-After": asked}))
