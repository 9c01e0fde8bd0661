"""Numbers that go into a list one after the other: they may be those of the characters of a text, or of a file's bytes.

Loaders build such a list as any other; what is in it does something only once code makes bytes of it. Only lists that
begin as text or as a known file does are followed, through the portions in which picklers write them.
"""

from __future__ import annotations

import re
from functools import cache

LEAST = 16  # numbers of the shortest list
MOST = 1024 * 1024  # of the longest one
WAITING = 1000  # lists that are held until they are looked at
TEXT = bytes(set(range(0x20, 0x7F)) | set(b"\t\n\r\f"))
SIGNS = frozenset(TEXT)
PASSED = re.compile(rb"K(.)|[(e]", re.DOTALL)  # opcodes of one byte, and those around a portion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Series:
    """The list that is being filled, `target`, and those that are waiting to be looked at, `found`, with places."""

    __slots__ = ("_data", "_offset", "found", "target")

    def __init__(self) -> None:
        self.found: list[tuple[bytes, int]] = []
        self.target: object = None
        self._data = bytearray()
        self._offset = 0

    def put(self, target: list[object], items: Sequence[object], offset: int) -> None:
        """Take items that go into a list, of which the last is a number."""
        if target is self.target:
            self._more(_bytes(items))
        elif not target and len(items) >= LEAST:
            self._begin(target, items, offset)
        elif len(items) == 1 and len(target) == LEAST - 1:
            self._begin(target, [*target, *items], offset)

    def whole(self, items: Sequence[object], offset: int) -> None:
        """Take all items of a tuple, of which the last is a number."""
        data = _bytes(items) if _may_begin(items) else b""
        if data and _begins(data):
            self._keep(data, offset)

    def passed(self, target: object, raw: bytes) -> None:
        """Take opcodes that were passed, and would have put numbers into the list."""
        if target is not self.target:
            return
        at, values = 0, bytearray()
        for part in PASSED.finditer(raw):
            if part.start() != at:
                break
            at = part.end()
            values += part[1] or b""
        self._more(bytes(values) if at == len(raw) else b"")

    def end(self) -> None:
        """Nothing more goes into the list, or it is not known what."""
        if self.target is not None:
            self._keep(bytes(self._data), self._offset)
        self.target = None

    def _begin(self, target: object, items: Sequence[object], offset: int) -> None:
        self.end()
        data = _bytes(items) if _may_begin(items) else b""
        if data and _begins(data):
            self.target, self._data, self._offset = target, bytearray(data), offset

    def _more(self, data: bytes) -> None:
        self._data += data
        if not data or len(self._data) > MOST:
            self.end()

    def _keep(self, data: bytes, offset: int) -> None:
        if len(self.found) < WAITING:
            self.found.append((data, offset))


def _may_begin(items: Sequence[object]) -> bool:
    """Whether the first of many numbers may be those of a text or of a known file: most lists are neither."""
    return (items[0] in SIGNS and items[1] in SIGNS and items[2] in SIGNS) or items[0] in _firsts()


@cache
def _firsts() -> frozenset[int]:
    from modelaudit.parsers.pickle.literals import magics

    return magics().firsts


def _bytes(items: Sequence[object]) -> bytes:
    """The bytes that numbers stand for; empty when some item is none."""
    try:
        return bytes(items)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return b""


def _begins(data: bytes) -> bool:
    """Whether these may be the first bytes of a text or of a known file."""
    if not data[:64].translate(None, TEXT):
        return True
    from modelaudit.parsers.pickle.literals import glance

    return bool(glance(data))
