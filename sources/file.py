"""One file on disk: random access, windows, and a SHA-256 that costs no second read."""

from __future__ import annotations

import os
import stat
from hashlib import sha256

from modelaudit.sources.errors import UNREADABLE, SourceError, from_os_error
from modelaudit.sources.passing import STEP, Passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from modelaudit.sources.passing import Consumer

WHOLE = 8 * 1024 * 1024  # files up to this size are read at once and kept
WINDOW = 1024 * 1024
BLOCK = 64 * 1024  # what a small read fetches
BLOCKS = 4  # blocks that are kept

# Never wait for the other end of a pipe, never follow a link that was put there after the listing.
FLAGS = os.O_RDONLY
for _flag in ("O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "O_NOCTTY", "O_BINARY"):
    FLAGS |= getattr(os, _flag, 0)


class FileReader:
    """A regular file, opened. Every byte is hashed once, and read once by a parser that goes front to back.

    Whoever else has to see every byte is given the same windows: `attach` says so before the first is read. Without
    `full` nothing is read but what is asked for, and there is no digest.

    `read_at` and `window` give at most the bytes that are there; `finish` reads what nobody has read and returns
    the digest. `check` is called before each read and may raise to end it. Whatever the operating system refuses
    is a `SourceError`.
    """

    identity = ""  # what the content is stands in it alone
    change = "the file changed while it was read"  # what is said when it did

    __slots__ = (
        *("_blocks", "_check", "_consumers", "_data", "_fd", "_full", "_hash", "_passing", "_state"),
        *("bytes_read", "name", "size"),
    )

    def __init__(
        self, path: str, *, name: str | None = None, check: Callable[[], None] | None = None, full: bool = True
    ) -> None:
        self.name = path if name is None else name
        self._full = full
        self.bytes_read = 0  # from the operating system
        self._check = check
        self._data: bytes | None = None
        self._blocks: dict[int, bytes] = {}
        self._hash: _Hash | None = None
        self._consumers: list[Consumer] = []
        self._passing: Passing | None = None  # once the first window is on its way
        self._fd = -1
        try:
            self._open(path)
        except (OSError, ValueError) as error:
            self.close()
            raise from_os_error(error, self.name) from None

    def _open(self, path: str) -> None:
        self._fd = os.open(path, FLAGS)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise SourceError(UNREADABLE, not_regular(status.st_mode), self.name)
        self.size = status.st_size
        self._state = (status.st_size, status.st_mtime_ns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the file and what was kept of it back; a second time does nothing."""
        self._check = None  # leads to whoever asked for the file, and from there back to it
        self._data = None
        self._blocks.clear()
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def attach(self, consumer: Consumer) -> None:
        """Have a consumer see every byte, front to back, until `finish`. ValueError once some have passed."""
        if self._passing is not None or not self._full:
            raise ValueError("some bytes have passed already")
        self._consumers.append(consumer)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; small reads come from a few blocks that are kept."""
        data = self._data
        if data is None and self.size <= WHOLE:
            data = self._whole()
        if data is not None:
            return data[offset : offset + length] if offset >= 0 and length > 0 else b""
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        if length >= BLOCK:
            return self._read(offset, length)
        start = offset // BLOCK * BLOCK
        data = self._block(start)
        at = offset - start
        if at + length <= BLOCK:
            return data[at : at + length]
        return data[at:] + self._block(start + BLOCK)[: at + length - BLOCK]

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for going through the file from front to back: what is jumped over is hashed first."""
        data = self._data
        if data is None and self.size <= WHOLE:
            data = self._whole()
        if data is not None:
            return data[offset : offset + length] if offset >= 0 and length > 0 else b""
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        if self._full and offset > self._passed().at:
            self._pass_up_to(offset)
        return self._read(offset, length)

    def finish(self) -> str | None:
        """The SHA-256 of the whole file in lower-case hex; reads what was not hashed yet. None without `full`."""
        if not self._full:
            return None
        if self.size <= WHOLE and not self._consumers:
            return sha256(self._whole()).hexdigest()
        passing = self._passed()
        if self.size > WHOLE:
            self._pass_up_to(self.size)
        elif not passing.at:
            passing.give(self._whole())
        assert self._hash is not None  # noqa: S101 - it is a consumer
        return str(self._hash.hexdigest())

    def changed(self) -> bool:
        """Whether the file's size or time of change differ from when it was opened."""
        try:
            status = os.fstat(self._fd)
        except OSError:
            return True
        short = self._data is not None and len(self._data) != self.size
        return short or (status.st_size, status.st_mtime_ns) != self._state

    def _whole(self) -> bytes:
        if self._data is None:
            self._data = self._pread(0, self.size)
        return self._data

    def _block(self, start: int) -> bytes:
        data = self._blocks.get(start)
        if data is None:
            while len(self._blocks) >= BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            data = self._blocks[start] = self._read(start, min(BLOCK, self.size - start))
        return data

    def _read(self, offset: int, length: int) -> bytes:
        """Bytes of a large file; those that continue what has passed are passed on."""
        data = self._pread(offset, length)
        if not self._full:
            return data
        passing = self._passed()
        start = passing.at - offset
        if 0 <= start < len(data):
            passing.give(memoryview(data)[start:] if start else data)
        return data

    def _pread(self, offset: int, length: int) -> bytes:
        if self._check is not None:
            self._check()
        try:
            data = pread(self._fd, length, offset)
            while len(data) < length:
                more = pread(self._fd, length - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise from_os_error(error, self.name) from None
        self.bytes_read += len(data)
        return data

    def _pass_up_to(self, end: int) -> None:
        """Pass everything before `end` that has not passed yet."""
        passed = self._passed()
        while passed.at < end:
            window = self._pread(passed.at, min(STEP, end - passed.at))
            if not window:
                break  # shorter than it was: `changed` says so
            passed.give(window)

    def _passed(self) -> Passing:
        if self._passing is None:
            self._hash = sha256()
            self._passing = Passing([self._hash, *self._consumers])
        return self._passing


def not_regular(mode: int) -> str:
    """Why a path of this mode is not read."""
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return f"not a regular file but {kinds.get(stat.S_IFMT(mode), 'something else')}"


def _seek_and_read(fd: int, length: int, offset: int) -> bytes:
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, length)


# Windows has no such call.
pread = getattr(os, "pread", _seek_and_read)

if TYPE_CHECKING:
    from hashlib import _Hash
