"""Random access to bytes without holding them: the only way in which a parser sees a file."""

from __future__ import annotations

WINDOW = 1024 * 1024  # bytes of one window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Reader(Protocol):
        """Bytes at offsets; `size` is their number.

        `read_at` never raises on a short file: it returns the bytes that are there. A sequential parser calls
        `window`, which the pipeline also uses to hash the bytes on their way; a parser that jumps calls `read_at`.
        """

        size: int

        def read_at(self, offset: int, length: int) -> bytes:
            """At most `length` bytes from `offset`; fewer at the end, none beyond it."""

        def window(self, offset: int, length: int = WINDOW) -> bytes:
            """The same as `read_at`, for a parser that goes through the artifact from front to back."""


class BytesReader:
    """A reader over bytes in memory."""

    __slots__ = ("data", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        return self.data[offset : offset + length] if offset >= 0 else b""

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """At most `length` bytes from `offset`."""
        return self.read_at(offset, length)


class Ends:
    """A file of which only the beginning and the end are read, as it is recognised where weights are not read.

    The directory of an archive belongs to the end, however long it is.
    """

    __slots__ = ("_base", "_last", "size")

    REACH = 64 * 1024
    TAIL = 65_557  # an archive's end record with the longest comment

    def __init__(self, base: Reader) -> None:
        self._base = base
        self._last: int | None = None  # where the end begins, once somebody has asked for the middle
        self.size = base.size

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; none of those in the middle."""
        if offset >= self.size - self.TAIL or offset + length <= self.REACH or offset >= self._begin():
            return self._base.read_at(offset, length)
        if offset < self.REACH:
            return self._base.read_at(offset, length if self._begin() <= self.REACH else self.REACH - offset)
        return b""

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def _begin(self) -> int:
        if self._last is None:
            from modelaudit.parsers.zip.directory import find_ends

            starts = [end.start for end in find_ends(self._base) if end.plausible]
            self._last = min([self.size - self.TAIL, *starts])
        return self._last


class Edges:
    """A member of which little more is read than its first and last bytes, as numbers are told from other things."""

    __slots__ = ("_base", "size")

    REACH = 4096

    def __init__(self, base: Reader) -> None:
        self._base = base
        self.size = base.size

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`, as far as they are at one of the ends."""
        if offset < self.REACH:
            return self._base.read_at(offset, min(length, self.REACH - offset))
        return self._base.read_at(offset, length) if offset >= self.size - self.REACH else b""

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


class SliceReader:
    """A part of another reader, as a reader of its own."""

    __slots__ = ("_base", "_start", "size")

    def __init__(self, base: Reader, start: int, size: int) -> None:
        self._base = base
        self._start = start
        self.size = max(0, min(size, base.size - start))

    @property
    def expanded(self) -> int:
        """Bytes that the other reader has expanded so far; 0 for one that expands nothing."""
        return getattr(self._base, "expanded", 0)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` within the part."""
        if offset < 0 or offset >= self.size:
            return b""
        return self._base.read_at(self._start + offset, min(length, self.size - offset))

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        if offset < 0 or offset >= self.size:
            return b""
        return self._base.window(self._start + offset, min(length, self.size - offset))
