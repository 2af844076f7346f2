"""The pace of requests: one more at once for every reply, half as many when the server is too slow or refuses."""

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import AsyncIterator

FIRST = 16  # requests at once, before the first reply
LEAST = 1.0

logger = logging.getLogger(__name__)


class Pace:
    """How many requests are sent at once; between one and `most`."""

    def __init__(self, most: int) -> None:
        self.limit = float(min(most, FIRST))
        self.ended = asyncio.Event()  # then nothing waits any more
        self._most = most
        self._sent = 0  # and without a reply yet
        self._slowed: float | None = None  # when the limit was last halved
        self._paused_until = 0.0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait until a request may be sent, and yield the time; it is sent and answered in the block."""
        async with self._free:
            await self._free.wait_for(lambda: self._sent < int(self.limit))
            self._sent += 1
        try:
            while (pause := self._paused_until - time.monotonic()) > 0 and not self.ended.is_set():
                await self.sleep(pause)
            yield time.monotonic()
        finally:
            self._sent -= 1
            async with self._free:
                self._free.notify_all()

    async def sleep(self, seconds: float) -> None:
        """Wait some seconds, or until the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.ended.wait()

    def answered(self) -> None:
        """Send more at once: one more a reply, and once the server was too slow, one more after `limit` replies."""
        self.limit = min(self._most, self.limit + (1.0 if self._slowed is None else 1 / self.limit))

    def slowed(self, sent: float) -> None:
        """Send half as many at once; requests sent together halve it once. `sent` is when one went out."""
        if self._slowed is None or sent >= self._slowed:
            self.limit = max(LEAST, self.limit / 2)
            self._slowed = time.monotonic()
            logger.info("the server slows down: %d requests at once", int(self.limit))

    def pause(self, seconds: float) -> None:
        """Send nothing for some seconds."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
