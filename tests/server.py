"""A web server on loopback that behaves as the real ones do: ranges, drops, waits, errors, changes, pages."""

import hashlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Iterator
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What the server says to one request.

    `drop_after` closes the connection after so many bytes of the body, having held it open for `stall` seconds.
    """

    code: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop_after: int | None = None
    pause: float = 0.0
    stall: float = 0.0


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    query: str
    headers: dict[str, str]
    method: str


Route = Callable[[Request], Answer]


def file_of(
    content: bytes, *, ranges: bool = True, tagged: bool = True, kind: str = "application/octet-stream"
) -> Route:
    """Return a route that serves a file, from where a request asks, if the version is the one that it knows."""
    tag = f'"{hashlib.md5(content).hexdigest()}"'

    def route(request: Request) -> Answer:
        headers = {"Content-Type": kind, **({"ETag": tag} if tagged else {})}
        asked = request.headers.get("range", "")
        if not (ranges and asked) or request.headers.get("if-range", tag) != tag:
            return Answer(200, content, headers)
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        place = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Answer(206, content[start:], {**headers, "Content-Range": place})

    return route


def first(*answers: Answer | Route, then: Route) -> Route:
    """Return a route that gives these answers one after the other, and from then on goes on as `then`."""
    left = list(answers)
    lock = threading.Lock()

    def route(request: Request) -> Answer:
        with lock:
            answer = left.pop(0) if left else then
        return answer if isinstance(answer, Answer) else answer(request)

    return route


def dropped(route: Route, after: int, stall: float = 0.0) -> Route:
    """Return a route that breaks off after so many bytes, at once or after a stall."""

    def broken(request: Request) -> Answer:
        return replace(route(request), drop_after=after, stall=stall)

    return broken


def slow(route: Route, pause: float) -> Route:
    """Return a route that waits before it answers."""

    def waiting(request: Request) -> Answer:
        return replace(route(request), pause=pause)

    return waiting


class Server:
    """Routes by path, what was asked of them, and how many requests were answered at once at most."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Request] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.url = ""

    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [request.path for request in self.asked]

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request; the longest route that its path begins with gives it."""
        with self._lock:
            self.asked.append(request)
        fitting = [path for path in self.routes if request.path == path or request.path.startswith(f"{path}/")]
        route = self.routes[max(fitting, key=len)] if fitting else lambda _: Answer(404, b"not here")
        return route(request)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as being answered."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def serving() -> Iterator[Server]:
    """Yield a server that runs until the block ends."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are sent apart

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            with server.counted():
                self._send(server.answer(Request(parts.path, parts.query, headers, self.command)))

        do_HEAD = do_GET  # noqa: N815

        def _send(self, answer: Answer) -> None:
            time.sleep(answer.pause)
            self.send_response(answer.code)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            try:
                self.wfile.write(answer.body[: answer.drop_after])
                self.wfile.flush()
                time.sleep(answer.stall)
            except OSError:  # who asked is gone
                answer = Answer(drop_after=0)
            self.close_connection = self.close_connection or answer.drop_after is not None

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        server.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            httpd.shutdown()
