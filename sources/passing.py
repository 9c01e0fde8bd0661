"""Every byte of a file on its way past: once, in order, for whoever has to see all of them.

The digest is one of these consumers; a search for byte patterns is another. They share the windows that a parser reads
and those in between, so that no byte is read twice. They work one after the other on a window that is still in the
processor's cache: a thread of their own would only move it to another cache, which costs more than it overlaps.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    Window = bytes | memoryview

    class Consumer(Protocol):
        """Given all bytes of a file in windows of any size, front to back. A hash of `hashlib` is one."""

        def update(self, window: Window, /) -> object:
            """Take the next bytes."""


STEP = 256 * 1024  # bytes of a window that is read for consumers alone


class Passing:
    """Hands windows to consumers; `at` is how many bytes have passed."""

    __slots__ = ("_consumers", "at")

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self.at = 0
        self._consumers = consumers

    def give(self, window: Window) -> None:
        """Hand on the bytes that follow what has passed."""
        for consumer in self._consumers:
            consumer.update(window)
        self.at += len(window)
