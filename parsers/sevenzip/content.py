"""Files out of a folder, one behind the other: small ones are held, of large ones the two ends."""

from __future__ import annotations

from zlib import crc32

from modelaudit.parsers.expansion import SPOOL, ExpandedReader
from modelaudit.parsers.reader import WINDOW, BytesReader, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.expansion import Ledger
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.sevenzip.coders import Stage

EDGE = 1024 * 1024  # bytes at either end of a large file that are held, since recognisers look there


class Content:
    """What was found of a member. `reader` is None when nothing was decoded, `crc_ok` when nothing was compared."""

    __slots__ = ("crc_ok", "reader", "size")

    def __init__(self, size: int, reader: Reader | None = None, crc_ok: bool | None = None) -> None:
        self.size = size
        self.reader = reader
        self.crc_ok = crc_ok


class Edges:
    """A large file: its ends are held, what lies between is decoded again when it is read."""

    __slots__ = ("_head", "_middle", "_tail", "size")

    def __init__(self, head: bytes, tail: bytes, middle: Callable[[], Reader], size: int) -> None:
        self._head = head
        self._tail = tail
        self._middle = middle
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        end = min(offset + length, self.size)
        if offset >= 0 and end <= len(self._head):
            return self._head[offset:end]
        begin = self.size - len(self._tail)
        if offset >= begin:
            return self._tail[offset - begin : end - begin]
        return self._middle().read_at(offset, length)

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


class Solid:
    """A folder that is decoded from front to back once, and once more for what is read of large files.

    `error` says why decoding ended early, if it did.
    """

    def __init__(self, begin: Callable[[], list[Stage]], ledger: Ledger) -> None:
        self._begin = begin
        self._ledger = ledger
        self._at = 0
        self._size = 0  # of all that was decoded
        self._again: ExpandedReader | None = None
        self.error: str | None = None
        self._stages: list[Stage] = []
        try:
            self._stages = begin()
        except (ValueError, MemoryError) as error:
            self.error = str(error) or "a coder that cannot be made"

    def next(self, size: int, crc: int | None) -> Content:
        """The next file, of so many bytes by the header."""
        begin = self._at
        held, tail, crc_found = [], b"", 0
        produced = 0
        while produced < size and (chunk := self._read(min(WINDOW, size - produced))):
            produced += len(chunk)
            crc_found = crc32(chunk, crc_found)
            if size <= SPOOL or produced <= EDGE:
                held.append(chunk)
            else:
                tail = (tail + chunk)[-EDGE:]
            if self._ledger.spent() is not None:
                break
        if produced < size and self.error is None and self._ledger.spent() is None:
            self.error = self._why()
        ok = crc_found == crc if crc is not None and produced == size else None
        head = b"".join(held)
        if size <= SPOOL:
            return Content(size, BytesReader(head), ok)
        return Content(size, Edges(head, tail, lambda: self._part(begin, produced), produced), ok)

    def more(self) -> bytes:
        """What comes out behind the last file."""
        return self._stages[-1].more(SPOOL) if self._stages else b""

    @property
    def slack(self) -> int:
        """Packed bytes behind the end of the data."""
        return self._stages[0].slack if self._stages else 0

    def _read(self, length: int) -> bytes:
        chunk = self._stages[-1].read(length) if self._stages else b""
        self._at += len(chunk)
        self._ledger.spend(len(chunk))
        return chunk

    def _why(self) -> str:
        return next((stage.error for stage in self._stages if stage.error), "the packed data end early")

    def _part(self, begin: int, size: int) -> Reader:
        """A file among all that the folder holds, decoded anew; all files share one way through it."""
        if self._again is None:
            self._again = ExpandedReader(lambda: self._begin()[-1], 2**63)
        return SliceReader(self._again, begin, size)


def read_whole(begin: Callable[[], list[Stage]]) -> tuple[bytes, str | None]:
    """All that comes out of the stages, which must be little, and why it ended early if it did."""
    parts: list[bytes] = []
    try:
        made = begin()
    except (ValueError, MemoryError) as error:
        return b"", str(error) or "a coder that cannot be made"
    while chunk := made[-1].read(WINDOW):
        parts.append(chunk)
    return b"".join(parts), next((stage.error for stage in made if stage.error), None)
