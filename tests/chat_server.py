"""A server with OpenAI's chat interface on loopback: known latency, limits, and faults as the real ones have.

python -m tests.chat_server PORT PATH [REPLIES]: as a program of its own, which needs no key, replies with an echo, and
ends with code 7 after so many replies.
"""

import asyncio
import json
import os
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

KEY = "sk-stub-0123456789abcdef"
MODEL = "stub-2026-11-01"
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


@dataclass(frozen=True)
class Answer:
    """What the server says to one request; `drop_after` closes the connection after so many bytes of the body."""

    body: Any
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    drop_after: int | None = None


def completion(text: str | None, **changes: Any) -> dict[str, Any]:
    """Return the body of a reply."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}
    return {**body, "system_fingerprint": "fp_stub", "usage": USAGE, **changes}


def error(status: int, message: str, headers: dict[str, str] | None = None, **details: Any) -> Answer:
    """Return an error in OpenAI's form."""
    return Answer({"error": {"message": message, "type": "error", **details}}, status, headers or {})


def text_of(body: dict[str, Any]) -> str:
    """Return the text of the user's message in a request."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[-1]["text"])


Reply = Callable[[dict[str, Any], int], Answer]  # of a request and its count: how often this text was asked before


@dataclass
class ChatServer:
    """The server: `reply` answers, after `latency` seconds, `slots` requests at once; others wait for their turn."""

    reply: Reply
    latency: float = 0.0
    slots: int = 1000
    port: int = 0
    path: str = "/v1"
    key: str | None = KEY
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    served: Counter[str] = field(default_factory=Counter)  # replies by the text of the request
    most_at_once: int = 0
    _asked: Counter[str] = field(default_factory=Counter)
    _at_once: int = 0

    @property
    def url(self) -> str:
        """Return the address that clients use."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
        answer = await self._answer(head[0], headers, body)
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        lines = {"Content-Type": "application/json", "Content-Length": str(len(data)), **answer.headers}
        start = f"HTTP/1.1 {answer.code} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(start.encode() + b"\r\n" + data[: answer.drop_after])
        await writer.drain()
        return answer.drop_after is None

    async def _answer(self, line: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
        self.headers.append(headers)
        if line.startswith(f"GET {self.path}/models "):
            return Answer({"object": "list", "data": [{"id": MODEL}]})
        if not line.startswith(f"POST {self.path}/chat/completions "):
            return error(404, f"no such path: {line}")
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            return error(401, f"Incorrect API key provided: {headers.get('authorization')}", code="invalid_api_key")
        self.requests.append(body)
        text = text_of(body)
        answer = self.reply(body, self._asked[text])
        self._asked[text] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            async with self._slots:
                await asyncio.sleep(self.latency + answer.pause)
        finally:
            self._at_once -= 1
        self.served[text] += answer.code == 200
        return answer

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.slots)


@contextmanager
def serving(reply: Reply, latency: float = 0.0, slots: int = 1000) -> Iterator[ChatServer]:
    """Yield a server that runs until the block ends."""
    server, started = ChatServer(reply, latency, slots), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def listen() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**26)
        server.port = listener.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(listen(),), daemon=True)
    thread.start()
    started.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def echo(body: dict[str, Any], before: int) -> Answer:
    """Reply with the text of the request."""
    return Answer(completion(f" {text_of(body)}!"))


async def serve_alone(port: int, path: str, replies: int | None = None) -> None:
    """Serve at a port until this process is ended, or ends itself after some replies."""

    def reply(body: dict[str, Any], before: int) -> Answer:
        if replies is not None and len(server.requests) > replies:
            os._exit(7)
        return echo(body, before)

    server = ChatServer(reply, path=path, key=None)
    async with await asyncio.start_server(server.serve, "127.0.0.1", port, limit=2**26) as listener:
        sys.stderr.write(f"serving at {port}{path}\n")
        await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve_alone(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:4])))
