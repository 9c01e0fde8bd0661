"""MessagePack one value after the other: what each is and where it stands, never more than a short text at once."""

from __future__ import annotations

from modelaudit.parsers.cursor import Break

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.cursor import Cursor

NUMBERS = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
CONSTANTS: dict[int, bool | None] = {0xC0: None, 0xC2: False, 0xC3: True}
# Kind of a value, and the type in which its length is written.
LENGTHS = {
    0xC4: ("bin", "B"),
    0xC5: ("bin", "H"),
    0xC6: ("bin", "I"),
    0xC7: ("ext", "B"),
    0xC8: ("ext", "H"),
    0xC9: ("ext", "I"),
    0xD9: ("str", "B"),
    0xDA: ("str", "H"),
    0xDB: ("str", "I"),
    0xDC: ("array", "H"),
    0xDD: ("array", "I"),
    0xDE: ("map", "H"),
    0xDF: ("map", "I"),
}
FIXED = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
NEVER = 0xC1


class Value:
    """One value. `kind` is `number`, `constant`, `str`, `bin`, `ext`, `array` or `map`.

    `size` are the bytes of its content, or the elements of an array or map; `start` is where the content begins.
    """

    __slots__ = ("code", "constant", "kind", "size", "start")

    def __init__(self, kind: str, start: int, size: int = 0, constant: float | None = None, code: int = 0) -> None:
        self.kind = kind
        self.start = start
        self.size = size
        self.constant = constant  # of a number or constant
        self.code = code  # of an extension type


def read(cursor: Cursor) -> Value:
    """The next value; the cursor then stands at its content. Raises `Break` where there is none."""
    at = cursor.at
    first = cursor.take(1)[0]
    if first in LENGTHS:
        kind, form = LENGTHS[first]
        return _sized(cursor, kind, int(cursor.number(form)))
    if first in FIXED:
        return _sized(cursor, "ext", FIXED[first])
    if first in NUMBERS:
        return Value("number", at, constant=cursor.number(NUMBERS[first]))
    if first in CONSTANTS:
        return Value("constant", at, constant=CONSTANTS[first])
    if first == NEVER:
        raise Break("bad-byte", "a byte that no value begins with", at)
    return _short(cursor, first, at)


def _short(cursor: Cursor, first: int, at: int) -> Value:
    """A value whose length, or itself, stands in its first byte."""
    if first < 0x80:
        return Value("number", at, constant=first)
    if first >= 0xE0:
        return Value("number", at, constant=first - 256)
    if first < 0x90:
        return _sized(cursor, "map", first & 15)
    if first < 0xA0:
        return _sized(cursor, "array", first & 15)
    return _sized(cursor, "str", first & 31)


def _sized(cursor: Cursor, kind: str, size: int) -> Value:
    """A value with content, which must fit into the file."""
    at = cursor.at
    code = int(cursor.number("b")) if kind == "ext" else 0
    least = size * 2 if kind == "map" else size
    if least > cursor.left:
        raise Break("bad-length", f"{kind} of {size}, {cursor.left} bytes are left", at)
    return Value(kind, cursor.at, size, code=code)
