"""Files out of a folder, one behind the other: small ones are held, of large ones the two ends."""

from __future__ import annotations

from modelaudit.parsers.expansion import SPOOL, ExpandedReader, Spool
from modelaudit.parsers.reader import WINDOW, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.expansion import Ledger
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.sevenzip.coders import Stage


class Content:
    """What was found of a member. `reader` is None when nothing was decoded, `crc_ok` when nothing was compared."""

    __slots__ = ("crc_ok", "reader", "size")

    def __init__(self, size: int, reader: Reader | None = None, crc_ok: bool | None = None) -> None:
        self.size = size
        self.reader = reader
        self.crc_ok = crc_ok


class Solid:
    """A folder that is decoded from front to back once, and once more for what is read of large files.

    `error` says why decoding ended early, if it did.
    """

    def __init__(self, begin: Callable[[], list[Stage]], packed: int, ledger: Ledger) -> None:
        self._begin = begin
        self._packed = packed
        self._ledger = ledger
        self._at = 0
        self._again: ExpandedReader | None = None
        self.error: str | None = None
        self._stages: list[Stage] = []
        try:
            self._stages = begin()
        except (ValueError, MemoryError) as error:
            self.error = str(error) or "a coder that cannot be made"

    def next(self, size: int, crc: int | None) -> Content:
        """The next file, of so many bytes by the header."""
        begin, spool = self._at, Spool()
        while spool.size < size and (chunk := self._read(min(WINDOW, size - spool.size))):
            spool.add(chunk)
            if self.overrun is not None:
                break
        if spool.size < size and self.error is None and self.overrun is None:
            self.error = self._why()
        ok = spool.crc == crc if crc is not None and spool.size == size else None
        return Content(size, spool.reader(lambda: self._part(begin, spool.size)), ok)

    @property
    def overrun(self) -> tuple[str, int, int] | None:
        """Name, value and budget of what the folder asks for too much of."""
        most = max((stage.produced for stage in self._stages[:-1]), default=0)
        most = max(most, self._at)
        if self._ledger.swells(most, self._packed):
            return "ratio", most // max(1, self._packed), self._ledger.ratio
        return self._ledger.spent()

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

    def settle(self) -> None:
        """Count what coders between gave beyond what came out, once the folder is done with."""
        between = max((stage.produced for stage in self._stages[:-1]), default=0)
        self._ledger.spend(max(0, between - self._at))

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
