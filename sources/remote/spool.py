"""Bytes that come once and are read more than once: kept in memory when few, else in a file that has no name."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from threading import Lock

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.remote.service import Transient

IN_MEMORY = 1024 * 1024
SPOOLED = 2 * 1024**3
TOGETHER = 4 * 1024**3  # bytes of all spools of a process


class Room:
    """What all spools take together. Those whose bytes can be fetched again make room, the oldest first."""

    def __init__(self) -> None:
        self._taken: dict[Spool, int] = {}
        self._lock = Lock()

    def take(self, spool: Spool, size: int) -> bool:
        """Let a spool grow by so many bytes; False when there is no room for them."""
        with self._lock:
            for other in list(self._taken):
                if sum(self._taken.values()) + size <= TOGETHER:
                    break
                if other.again and other is not spool:
                    other.forget()
                    del self._taken[other]
            if sum(self._taken.values()) + size > TOGETHER:
                return False
            self._taken[spool] = self._taken.get(spool, 0) + size
            return True

    def clear(self) -> None:
        """Let go of all whose bytes can be fetched again."""
        with self._lock:
            for spool in [spool for spool in self._taken if spool.again]:
                spool.forget()
                del self._taken[spool]

    @property
    def taken(self) -> int:
        """Bytes of all spools."""
        with self._lock:
            return sum(self._taken.values())

    def leave(self, spool: Spool) -> None:
        """A spool is closed."""
        with self._lock:
            self._taken.pop(spool, None)


ROOM = Room()


class Spool:
    """At most `most` bytes. They are gone from the disk when the spool is closed, or when the process ends."""

    def __init__(self, most: int = SPOOLED, code: str = UNREADABLE) -> None:
        self.most = most
        self.code = code  # of the error when there are more
        self.size = 0
        self.again = False  # its bytes are all here and can be fetched again, so that they may make room
        self.closed = False
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._lock = Lock()

    def add(self, data: bytes, shown: str) -> None:
        """Put bytes behind those that came before; `SourceError` when there are too many or the disk is full."""
        if self.size + len(data) > self.most:
            raise SourceError(self.code, too_large(self.most), shown)
        if not ROOM.take(self, len(data)):
            said = f"files that can only be read as a whole take more than {TOGETHER} bytes together"
            raise SourceError(UNREADABLE, said, shown)
        with self._lock:
            try:
                self._file.seek(self.size)
                self._file.write(data)
            except OSError as error:
                said = f"it has to be kept in a temporary file: {(error.strerror or 'no space').lower()}"
                raise SourceError(UNREADABLE, said, shown) from None
            self.size += len(data)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, as far as they are there."""
        with self._lock:
            if self.closed:
                raise Transient("what was kept of it had to make room")
            self._file.seek(start)
            return self._file.read(max(0, stop - start))

    def close(self) -> None:
        """Forget the bytes, and what they took."""
        ROOM.leave(self)
        self.forget()

    def forget(self) -> None:
        """Forget the bytes."""
        with self._lock:
            self.closed = True
            self._file.close()


def too_large(most: int) -> str:
    """Why something is not spooled."""
    return f"it can only be read as a whole, and is larger than the {most} bytes that are kept for that"
