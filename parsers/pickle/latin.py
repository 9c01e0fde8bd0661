r"""Bytes that a pickle holds as text, one character for each, as a reader: nothing of it is held.

Python 2 and protocols below 3 write bytes so: `BINUNICODE` has them as UTF-8, `UNICODE` with `\u` escapes, `STRING`
with those of Python's own literals (`Lib/pickle.py`, `save_bytes`; `Lib/pickletools.py`, `read_stringnl`).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from modelaudit.parsers.pickle.text import unescaped

STEP = 64 * 1024  # bytes that are decoded at once
CUT_MAX = 16  # bytes at the end of such a part that may belong to a character that goes on

PLAIN, UTF8, RAW, QUOTED = "latin-1", "utf-8", "raw-unicode-escape", "quoted"  # the first: bytes as they stand
_ESCAPE = {
    RAW: re.compile(rb"\\+(?:u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?\Z"),
    QUOTED: re.compile(rb"\\+(?:x[0-9a-fA-F]?|[0-7]{1,2})?\Z"),
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader


def latin(data: bytes, codec: str = UTF8) -> bytes | None:
    """The bytes that the text stands for; None when a character is none of Latin-1."""
    try:
        if codec == QUOTED:
            return unescaped(data)
        return data.decode(codec).encode("latin-1")
    except UnicodeError:
        return None


def cut(data: bytes, codec: str = UTF8) -> int:
    """How many of the bytes are whole characters, when others follow."""
    if codec == UTF8:
        return len(data) - (data[-1:] >= b"\xc2")
    found = _ESCAPE[codec].search(data, max(0, len(data) - CUT_MAX))
    if found is None:
        return len(data)
    start = found.start()
    while start and data[start - 1] == 0x5C:  # a run of backslashes is not divided
        start -= 1
    return start


class LatinReader:
    """The bytes that a text within another reader stands for."""

    __slots__ = ("_base", "_codec", "_from", "_last", "_starts", "size")

    def __init__(self, base: Reader, codec: str, starts: array[int], places: array[int], end: int) -> None:
        self._base = base
        self._codec = codec
        self._starts = starts  # numbers of the bytes at which parts begin
        self._from = places  # where these parts stand in the text
        self._from.append(end)
        self._last = (-1, b"")
        self.size = starts[-1]

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        if offset < 0 or offset >= self.size or length <= 0:
            return b""
        length = min(length, self.size - offset)
        number = bisect_right(self._starts, offset) - 1
        skip = offset - self._starts[number]
        parts = [self._part(number)[skip : skip + length]]
        length -= len(parts[0])
        while length > 0 and parts[-1]:
            number += 1
            parts.append(self._part(number)[:length])
            length -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def window(self, offset: int, length: int = 1 << 20) -> bytes:
        """The same as `read_at`."""
        return self.read_at(offset, length)

    def _part(self, number: int) -> bytes:
        if self._last[0] != number:
            start, end = self._from[number], self._from[number + 1]
            self._last = number, latin(self._base.read_at(start, end - start), self._codec) or b""
        return self._last[1]


def reader(base: Reader, start: int, size: int, codec: str = UTF8) -> LatinReader | None:
    """A reader of the text's bytes, after one look at all of it; None when it stands for none."""
    places, starts = array("Q"), array("Q", [0])
    pos, end = start, min(start + size, base.size)
    while pos < end:
        data = base.read_at(pos, min(STEP, end - pos))
        if pos + len(data) < end:
            data = data[: cut(data, codec)]
        made = latin(data, codec) if data else None
        if made is None:
            return None
        places.append(pos)
        starts.append(starts[-1] + len(made))
        pos += len(data)
    return LatinReader(base, codec, starts, places, end) if places else None
