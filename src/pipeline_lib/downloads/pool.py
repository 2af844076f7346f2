"""Runs several downloads at once, in threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterable, Iterator, TypeVar

from pipeline_lib.machine.site import download_limits

T = TypeVar("T")
R = TypeVar("R")


def at_once(work: Callable[[T], R], items: Iterable[T], stop: Callable[[], None] = lambda: None) -> Iterator[R]:
    """Yield what `work` returns for every item, in their order.

    After a failure or an interruption, `stop` is called and no further item is started.
    """
    with ThreadPoolExecutor(download_limits().connections) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        except BaseException:  # an interruption too
            stop()
            pool.shutdown(cancel_futures=True)
            raise
