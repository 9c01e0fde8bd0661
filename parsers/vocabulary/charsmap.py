"""Compiled maps of normalizers: which ASCII texts they replace, and by what.

Layout: the size of a double array as 32 bits, the array, then texts that end with a zero byte
(https://github.com/google/sentencepiece/blob/master/src/normalizer.cc); the units of the array are those of
https://github.com/s-yata/darts-clone.
"""

from __future__ import annotations

import struct

from modelaudit.parsers.notes import FileBudget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAP_MAX = 16 * 1024 * 1024  # bytes
PRINTABLE = range(0x21, 0x7F)
FOUND_MAX = 10_000  # replacements of all maps
LENGTH_MAX = 256  # characters of a text


class Left:
    """What the maps of one model may take: units of their arrays, of which a sound map comes by each once, and what
    they rewrite.
    """

    __slots__ = ("found", "units")

    def __init__(self) -> None:
        self.units = MAP_MAX // 4
        self.found = FOUND_MAX


def rewritten(data: bytes, check: Callable[[], None], left: Left | None = None) -> Iterator[tuple[str, str]]:
    """Each printable ASCII text that the map replaces by something else than another case of it.

    Raises `FileBudget` when there is too much to look at.
    """
    left = left or Left()
    size = int.from_bytes(data[:4], "little")
    if len(data) < 8 or len(data) > MAP_MAX or size % 4 or not 4 <= size <= len(data) - 4:
        return
    if size > 4 * left.units:
        raise FileBudget("units", size // 4, left.units)
    units = struct.unpack(f"<{size // 4}I", data[4 : 4 + size])
    texts = data[4 + size :]
    stack: list[tuple[int, bytes]] = [(_offset(units[0]), b"")]
    nodes = len(units)
    left.units -= nodes
    while stack:
        check()
        node, key = stack.pop()
        for label in PRINTABLE if len(key) < LENGTH_MAX else ():
            at = node ^ label
            if at >= len(units) or units[at] & 0x800000FF != label:
                continue
            nodes -= 1
            if nodes < 0:
                raise FileBudget("units", len(units) + 1, len(units))
            unit, longer = units[at], key + bytes([label])
            inner = at ^ _offset(unit)
            stack.append((inner, longer))
            if unit >> 8 & 1 and inner < len(units):
                text = _text(texts, units[inner] & 0x7FFFFFFF)
                if text.lower() != longer.decode("ascii").lower():
                    left.found -= 1
                    if left.found < 0:
                        raise FileBudget("replacements", FOUND_MAX + 1, FOUND_MAX)
                    yield longer.decode("ascii"), text


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 1 << 9) >> 6)


def _text(texts: bytes, at: int) -> str:
    end = texts.find(b"\0", at, at + LENGTH_MAX)
    return texts[at : end if end >= 0 else at + LENGTH_MAX].decode("utf-8", "replace")
