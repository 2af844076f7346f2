"""The throughput of the engine `openai`: 200 requests to a server of known latency, beside the server's own best.

    python timings/endpoint.py

The server runs in a process of its own and answers SLOTS requests at once, each after LATENCY seconds; others wait. Its
own best is a plain asyncio loop that writes prepared requests to open connections, at the best of several numbers of
connections. Both are measured in turns; a figure is the median of ROUNDS.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.chat_server import KEY, echo, serving

from pipeline_lib.endpoints.access import Access
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Request
from pipeline_lib.engines.openai import Settings, open_engine
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.inference.saved import SavedReplies

REQUESTS = 200
LATENCY = 0.2
SLOTS = 16
CONNECTIONS = (8, 16, 32)
ROUNDS = 5


def main() -> None:
    """Measure, and print a table."""
    os.environ["STUB_KEY"] = KEY
    here, there = Pipe()
    process = Process(target=serve, args=(there,))
    process.start()
    port = here.recv()
    engine(port)  # imports, and the first connections
    best: list[float] = []
    measured: list[float] = []
    for _ in range(ROUNDS):
        best.append(min(plain(port, number) for number in CONNECTIONS))
        measured.append(engine(port))
    here.send(None)
    process.join()
    plain_seconds, engine_seconds = statistics.median(best), statistics.median(measured)
    print(f"{REQUESTS} requests, latency {LATENCY} s, {SLOTS} at once: at least {REQUESTS / SLOTS * LATENCY:.2f} s\n")
    print("| | seconds | requests a second |\n|---|---|---|")
    for name, seconds in (("plain loop", plain_seconds), ("engine `openai`", engine_seconds)):
        print(f"| {name} | {seconds:.2f} | {REQUESTS / seconds:.1f} |")
    share = plain_seconds / engine_seconds
    print(f"\n{share:.3f} of the server's own best; by round: {', '.join(ratios(best, measured))}")


def ratios(best: list[float], measured: list[float]) -> list[str]:
    """Return the share of the server's best in every round."""
    return [f"{plain / engine:.3f}" for plain, engine in zip(best, measured, strict=True)]


def serve(control: Connection) -> None:
    """Serve until the other end sends something."""
    with serving(echo, LATENCY, SLOTS) as server:
        control.send(server.port)
        control.recv()


def engine(port: int) -> float:
    """Return the seconds of all requests by the engine, with what a predict job saves."""
    asked = [Request(f"q{number}", f"question {number}", (), 16) for number in range(REQUESTS)]
    access = Access(key="STUB_KEY", concurrency=2 * SLOTS)
    settings = Settings(name="openai", model="stub", url=f"http://127.0.0.1:{port}/v1", access=access)
    how = AnswerSettings(threads=1, family=None, template=None)
    with tempfile.TemporaryDirectory() as folder:
        opened = open_engine(settings, None, ImageReader([]), how, EnginePaths(Path(folder), Path(folder) / "log"))
        saved = SavedReplies(Path(folder) / "replies.jsonl")
        began = time.perf_counter()
        for reply in opened.answer(asked, saved):
            saved.add(reply)
        seconds = time.perf_counter() - began
        assert all(saved[request.id].text == f"{request.text}!" for request in asked)
    return seconds


def plain(port: int, connections: int) -> float:
    """Return the seconds of all requests by a plain loop."""
    began = time.perf_counter()
    asyncio.run(ask_all(port, connections))
    return time.perf_counter() - began


async def ask_all(port: int, connections: int) -> None:
    """Send all requests on some connections."""
    numbers = iter(range(REQUESTS))

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            messages = [{"role": "user", "content": f"question {number}"}]
            body = json.dumps({"model": "stub", "messages": messages, "max_tokens": 16}).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}"
            writer.write(f"{head}\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in answer.split("\r\n") if line.startswith("Content-Length: "))
            json.loads(await reader.readexactly(int(length.partition(": ")[2])))
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))


if __name__ == "__main__":
    main()
