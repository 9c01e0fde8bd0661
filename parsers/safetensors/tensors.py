"""What the entries of a header say, and whether it holds together."""

from __future__ import annotations

import json
import os
from functools import cache

from modelaudit.parsers.safetensors.header import Members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modelaudit.parsers.safetensors.header import Json

    Report = Callable[[str, str], None]  # a defect's code and detail
    Located = Callable[[str, str, int], None]  # and its place

FIELDS = frozenset({"dtype", "shape", "data_offsets"})
DIMENSIONS = 64  # more than any framework has
LARGEST = 2**63 - 1
GAPS = 1000  # regions without a tensor that are reported one by one


class Entry:
    """One tensor as the header has it. `begin` and `end` count from the first byte after the header.

    `offsets` says whether they can be used; `nbytes` is None when dtype or shape do not give it.
    """

    __slots__ = ("begin", "dtype", "end", "name", "nbytes", "offsets", "shape")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = ""
        self.shape: tuple[int, ...] = ()
        self.begin = 0
        self.end = 0
        self.offsets = False
        self.nbytes: int | None = None


@cache
def load_dtypes() -> Mapping[str, int]:
    """Bits of one element of each type that the format knows."""
    with open(os.path.join(os.path.dirname(__file__), "dtypes.json"), "rb") as file:
        table: dict[str, int] = json.loads(file.read())
    return table


def read_entry(name: str, value: Json, dtypes: Mapping[str, int], report: Report) -> Entry | None:
    """The tensor that `value` describes; what is wrong with it goes to `report`. None when it is no description."""
    if not isinstance(value, Members):
        report("bad-entry", f"{name}: no object")
        return None
    fields = _fields(name, value, report)
    entry = Entry(name)
    bits = _dtype(entry, fields.get("dtype"), dtypes, report)
    elements = _shape(entry, fields.get("shape"), report)
    _offsets(entry, fields.get("data_offsets"), report)
    if bits is not None and elements is not None:
        _size(entry, elements * bits, report)
    return entry


def _fields(name: str, value: Members, report: Report) -> dict[str, Json]:
    fields = dict(value.pairs)
    if len(fields) < len(value.pairs):
        for key in value.repeated():
            report("duplicate-keys", f"{name}.{key}")
    if not FIELDS.issuperset(fields):
        for key in fields.keys() - FIELDS:
            report("unknown-key", f"{name}.{key}")
    return fields


def _dtype(entry: Entry, value: Json, dtypes: Mapping[str, int], report: Report) -> int | None:
    if isinstance(value, str):
        entry.dtype = value
        if value in dtypes:
            return dtypes[value]
    report("unknown-dtype", f"{entry.name}: {_shown(value)}")
    return None


def _shape(entry: Entry, value: Json, report: Report) -> int | None:
    """Number of elements, or None when the shape is none."""
    if not isinstance(value, list) or len(value) > DIMENSIONS:
        report("bad-shape", f"{entry.name}: {_shown(value)}")
        return None
    sizes = [size for size in value if isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= LARGEST]
    if len(sizes) != len(value):
        report("bad-shape", f"{entry.name}: {_shown(value)}")
        return None
    entry.shape = tuple(sizes)
    elements = 1
    for size in sizes:
        elements *= size
        if elements > LARGEST:  # a loader's arithmetic fails here, even if a zero follows
            report("bad-shape", f"{entry.name}: the number of elements overflows")
            return None
    return elements


def _offsets(entry: Entry, value: Json, report: Report) -> None:
    if isinstance(value, list) and len(value) == 2:
        begin, end = value
        plain = type(begin) is int and type(end) is int
        if plain and 0 <= begin <= end <= LARGEST:  # type: ignore[operator]
            entry.begin, entry.end, entry.offsets = begin, end, True  # type: ignore[assignment]
            return
    report("bad-offsets", f"{entry.name}: {_shown(value)}")


def _size(entry: Entry, bits: int, report: Report) -> None:
    entry.nbytes = (bits + 7) // 8
    if bits % 8:
        report("size-mismatch", f"{entry.name}: {bits} bits are no whole bytes")
    elif entry.offsets and entry.end - entry.begin != entry.nbytes:
        detail = f"{entry.name}: dtype and shape need {entry.nbytes} bytes, the offsets give {entry.end - entry.begin}"
        report("size-mismatch", detail)


def _shown(value: Json) -> str:
    """A wrong value in a few words."""
    if isinstance(value, (str, int, float, bool)) or value is None:
        return json.dumps(value)[:80]
    if isinstance(value, list) and len(value) <= DIMENSIONS:
        return "[" + ", ".join(_shown(item) if not isinstance(item, list) else "[…]" for item in value[:8])[:80] + "]"
    return "a list" if isinstance(value, list) else "an object"


def gaps(entries: Iterable[Entry], size: int, report: Located) -> list[tuple[int, int]]:
    """Regions of the data (begin, end) that no tensor covers, the tail last; `size` is the number of data bytes.

    `report` is given the place of a defect among the data as well.
    """
    found: list[tuple[int, int]] = []
    covered = 0
    last = ""
    for entry in sorted((e for e in entries if e.offsets), key=lambda e: (e.begin, e.end)):
        if entry.end > size:
            report("out-of-range", f"{entry.name}: ends at {entry.end} of {size} data bytes", entry.begin)
        if entry.begin > covered:
            report("hole", f"{entry.begin - covered} bytes before {entry.name}", covered)
            found.append((covered, min(entry.begin, size)))
        elif entry.begin < covered and entry.end > entry.begin:
            report("overlap", f"{entry.name} and {last}", entry.begin)
        if entry.end > covered:
            covered, last = entry.end, entry.name
    if covered < size:
        report("trailing-data", f"{size - covered} bytes after the last tensor", covered)
        found.append((covered, size))
    return [(begin, end) for begin, end in found[:GAPS] if begin < end]
