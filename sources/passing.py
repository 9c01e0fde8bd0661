"""Every byte of a file on its way past: once, in order, for whoever has to see all of them.

The digest is one of these consumers; statistics of weights and searches for byte patterns are others. They share the
windows that a parser reads and those in between, so that no byte is read twice. In a large file the consumers work on a
thread of their own while the next window is read: hashing leaves Python's lock to others.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Semaphore, Thread
    from typing import Protocol

    Window = bytes | memoryview

    class Consumer(Protocol):
        """Given all bytes of a file in windows of any size, front to back. A hash of `hashlib` is one."""

        def update(self, window: Window, /) -> object:
            """Take the next bytes. They are only lent: the buffer is used again."""

    # A consumer that has a true `inline` holds Python's lock while it works: it is given its windows by whoever reads.


STEP = 256 * 1024  # bytes of a window that is used at once: it stays in the processor's cache in between
LARGE = 64 * 1024 * 1024  # bytes of a file from which on a thread pays
WIDE = 1024 * 1024  # bytes of a window that goes to the thread
AHEAD = 2  # windows that are read and not consumed


class Passing:
    """Hands windows to consumers; `at` is how many bytes have passed."""

    __slots__ = ("_buffers", "_consumers", "_next", "_overlap", "_step", "at")

    def __init__(self, consumers: list[Consumer], size: int) -> None:
        self.at = 0
        own = [consumer for consumer in consumers if size >= LARGE and not getattr(consumer, "inline", False)]
        self._consumers = [consumer for consumer in consumers if consumer not in own]
        self._overlap = _Overlap(own) if own else None
        self._step = WIDE if self._overlap is not None else STEP
        self._buffers: list[memoryview] = []
        self._next = 0

    def give(self, window: Window) -> None:
        """Hand on the bytes that follow what has passed. A buffer from `buffer` may be filled again later."""
        if self._overlap is not None:
            self._overlap.give(window)
        for consumer in self._consumers:
            consumer.update(window)
        self.at += len(window)

    def buffer(self) -> memoryview:
        """A buffer for the next window, which nobody else uses any more."""
        wanted = 1 if self._overlap is None else AHEAD + 1
        if len(self._buffers) < wanted:
            self._buffers.append(memoryview(bytearray(self._step)))
            return self._buffers[-1]
        self._next = (self._next + 1) % wanted
        return self._buffers[self._next - 1]

    def settle(self) -> None:
        """Wait until the consumers have had everything, and end the thread; raises what one of them raised."""
        if self._overlap is not None:
            self._overlap.settle()

    def close(self) -> None:
        """End the thread, whatever the consumers still have to do."""
        if self._overlap is not None:
            self._overlap.end()


class _Overlap:
    """The thread on which consumers work, started with the first window."""

    __slots__ = ("_consumers", "_error", "_queue", "_room", "_thread")

    def __init__(self, consumers: list[Consumer]) -> None:
        self._consumers = consumers
        self._error: BaseException | None = None
        self._thread: Thread | None = None
        self._queue: SimpleQueue[Window | None]
        self._room: Semaphore

    def give(self, window: Window) -> None:
        """Hand a window over; waits while too many are on their way."""
        if self._thread is None:
            self._start()
        self._room.acquire()
        self._queue.put(window)

    def settle(self) -> None:
        """Wait for the end of all windows."""
        self.end()
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """End the thread after what it was given; another window starts another one."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _start(self) -> None:
        from queue import SimpleQueue
        from threading import Semaphore, Thread

        self._queue, self._room = SimpleQueue(), Semaphore(AHEAD)
        self._thread = Thread(target=self._consume, name="modelaudit-passing", daemon=True)
        self._thread.start()

    def _consume(self) -> None:
        while (window := self._queue.get()) is not None:
            try:
                if self._error is None:
                    for consumer in self._consumers:
                        consumer.update(window)
            except BaseException as error:  # noqa: BLE001 - raised where the digest is asked for
                self._error = error
            finally:
                self._room.release()
