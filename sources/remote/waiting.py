"""Waiting for clients that know nothing of the time that a scan has.

What can be cancelled is; what cannot be is left to end by itself, in a thread that does not keep the process alive.
"""

from __future__ import annotations

from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread

from modelaudit.sources.remote.line import NAP
from modelaudit.sources.remote.service import CHECK, Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine
    from typing import TypeVar

    T = TypeVar("T")


def awaited(loop: AbstractEventLoop, work: Coroutine[object, object, T]) -> T:
    """What comes of work in a loop that another thread runs; cancelled, and `Interrupted`, when the time is up."""
    from asyncio import run_coroutine_threadsafe

    return _outcome(run_coroutine_threadsafe(work, loop))


def left_alone(call: Callable[[], T]) -> T:
    """What a call gives that nothing can end; no longer waited for, and `Interrupted`, when the time is up."""
    if CHECK.get() is None:
        return call()
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    given = copy_context()

    def run() -> None:
        try:
            future.set_result(given.run(call))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            future.set_exception(error)

    Thread(target=run, name="modelaudit-client", daemon=True).start()
    return _outcome(future)


def _outcome(future: Future[T]) -> T:
    check = CHECK.get()
    while True:
        try:
            return future.result(NAP)
        except TimeoutError:
            if future.done():
                return future.result()
        try:
            if check is not None:
                check()
        except Exception as spent:  # noqa: BLE001 - what it is, `Line` raises again
            future.cancel()
            raise Interrupted(spent) from None
