"""The bodies of a server's responses: bounded in size, plain, and UTF-8, whatever the server sends."""

from typing import AsyncIterator

import httpx2
import openai

LARGEST = 64 * 2**20  # bytes of a response: a reply of a million tokens is a tenth of it
PLAIN = "identity"


class RefusedBodyError(httpx2.RequestError):
    """A refused body; the message says why."""


def http_client(trust_env: bool) -> httpx2.AsyncClient:
    """Return an HTTP client that reads plain bodies of at most LARGEST bytes, and follows no redirect.

    A server that compresses a body, against the request for a plain one, would decide how much memory it takes.
    """
    return openai.DefaultAsyncHttpx2Client(
        trust_env=trust_env,
        follow_redirects=False,
        headers={"Accept-Encoding": PLAIN},
        event_hooks={"response": [_bounded]},
    )


async def _bounded(response: httpx2.Response) -> None:
    """Replace the stream of a response by one that ends with RefusedBodyError where it is too long."""
    encoding = response.headers.get("Content-Encoding", PLAIN)
    if encoding.strip().lower() not in ("", PLAIN):
        raise RefusedBodyError(f"the server compresses its response, which must be plain: {encoding!r}")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _BoundedStream(response.stream)


class _BoundedStream(httpx2.AsyncByteStream):
    """A stream that ends with RefusedBodyError behind LARGEST bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST:
                raise RefusedBodyError(f"the response of the server is longer than {LARGEST:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def text_of(body: bytes) -> str:
    """Return the text of a JSON body, which is UTF-8 whatever its headers say; UnicodeDecodeError if it is not."""
    return body.decode("utf-8-sig")
