"""Element types: how many bytes one element takes, and whether elements are Python objects.

Only the spellings that NumPy itself writes are known; for any other nothing is claimed. Sources: the array
interface (https://numpy.org/doc/stable/reference/arrays.interface.html) and `dtype.__reduce__`.
"""

from __future__ import annotations

import re

SIZES = {
    "b": (1,),
    "i": (1, 2, 4, 8),
    "u": (1, 2, 4, 8),
    "f": (2, 4, 8, 12, 16),
    "c": (8, 16, 24, 32),
    "O": (4, 8),
    "M": (8,),
    "m": (8,),
}
FLEXIBLE = {"S": 1, "a": 1, "V": 1, "U": 4}  # bytes of a character
FIELDS_MAX = 100_000
DEPTH = 32

_SPELLING = re.compile(r"[<>=|]?([biufcSaVUMmO])([0-9]{0,10})(\[[0-9A-Za-z/]{1,32}\])?")

TYPE_CHECKING = False
if TYPE_CHECKING:
    Literal = object


class Element:
    """An element type: its size in bytes, and whether it is or holds Python objects."""

    __slots__ = ("objects", "size")

    def __init__(self, size: int, objects: bool = False) -> None:
        self.size = size
        self.objects = objects

    def times(self, count: int) -> Element:
        """So many of them."""
        return Element(self.size * count, self.objects)


def of_string(text: str) -> Element | None:
    """The element type with this spelling, such as `<f8`, `|S3` or `M8[ns]`; None when it is not known."""
    match = _SPELLING.fullmatch(text)
    if match is None or (match[3] and match[1] not in "Mm"):
        return None
    kind, digits = match[1], match[2]
    if kind == "O":
        return Element(8, objects=True) if digits in ("", "4", "8") else None
    if not digits:
        return None
    number = int(digits)
    if kind in FLEXIBLE:
        return Element(number * FLEXIBLE[kind])
    return Element(number) if number in SIZES[kind] else None


def count(shape: Literal) -> int | None:
    """The number of elements of a shape, or None when it is none that NumPy could make."""
    if not isinstance(shape, tuple) or len(shape) > 64:
        return None
    number = 1
    for size in shape:
        if type(size) is not int or not 0 <= size < 2**63:
            return None
        number *= size
    return number if number < 2**63 else None


def of_descr(descr: Literal, depth: int = 0) -> Element | None:
    """The element type of a header's `descr`: a spelling, a pair of a type and a shape, or a list of fields."""
    if depth > DEPTH:
        return None
    if isinstance(descr, str):
        return of_string(descr)
    if isinstance(descr, tuple) and len(descr) == 2:
        return _many(of_descr(descr[0], depth + 1), descr[1])
    if isinstance(descr, list) and 0 < len(descr) <= FIELDS_MAX:
        return _fields(descr, depth)
    return None


def _many(element: Element | None, shape: Literal) -> Element | None:
    number = count((shape,) if type(shape) is int else shape)
    return None if element is None or number is None else element.times(number)


def _fields(descr: list[Literal], depth: int) -> Element | None:
    size, objects = 0, False
    for field in descr:
        if not isinstance(field, tuple) or not 2 <= len(field) <= 3:
            return None
        element = of_descr(field[1], depth + 1)
        if len(field) == 3:
            element = _many(element, field[2])
        if element is None:
            return None
        size += element.size
        objects = objects or element.objects
    return Element(size, objects)
