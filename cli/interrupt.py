"""SIGINT and SIGTERM end the process at once, without a traceback and without temporary files."""

from __future__ import annotations

import contextlib
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_cleanups: list[Callable[[], None]] = []


def install() -> None:
    """Handle both signals from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def before_end(cleanup: Callable[[], None]) -> Callable[[], None]:
    """Call `cleanup` if a signal ends the process; returns a function that takes this back."""
    _cleanups.append(cleanup)

    def forget() -> None:
        if cleanup in _cleanups:
            _cleanups.remove(cleanup)

    return forget


def _end(number: int, _frame: FrameType | None) -> None:
    for cleanup in reversed(_cleanups):
        cleanup()
    with contextlib.suppress(OSError):  # not by way of a stream, whose lock the interrupted code may hold
        os.write(2, b"interrupted: nothing is known about what was not reported\n")
    os._exit(128 + number)
