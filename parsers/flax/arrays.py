"""Arrays: shape, type and bytes, as Flax packs them into an extension value and msgpack-numpy into a map."""

from __future__ import annotations

import json
import os
import re

from modelaudit.engine.facts import Place, Tensor
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.flax.walk import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.cursor import Cursor
    from modelaudit.parsers.notes import Notes

DIMENSIONS = 64
LARGEST = 2**63 - 1
WORD = 256  # bytes of a type's name
FIXED = re.compile(r"(str|bytes|void)(\d{1,9})")  # NumPy counts their bits
SHORT = re.compile(r"[<>=|]?([biufcSVUOmM])(\d{0,6})")  # as `dtype.str` writes it
OBJECT = frozenset({"object", "O", "|O", "object_"})
BYTES = frozenset({"uint8", "int8", "|u1", "|i1", "u1"})


class Array:
    """What is said of one array. `dtype` and `size` (of its bytes) are None when that is missing."""

    __slots__ = ("dtype", "shape", "size", "start")

    def __init__(self) -> None:
        self.shape: list[int] = []
        self.dtype: str | None = None
        self.start = 0
        self.size: int | None = None


def load_dtypes() -> dict[str, int]:
    """Bytes of one element of each type."""
    with open(os.path.join(os.path.dirname(__file__), "dtypes.json"), "rb") as file:
        table: dict[str, int] = json.loads(file.read())
    return table


def packed(cursor: Cursor, end: int) -> Array:
    """The array in an extension value that ends at `end`. Raises `Break` when there is none."""
    at = cursor.at
    array = Array()
    whole = read(cursor)
    if whole.kind != "array" or whole.size != 3:
        raise Break("bad-array", "an array is not made of shape, type and bytes", at)
    shape = read(cursor)
    if shape.kind != "array" or shape.size > DIMENSIONS:
        raise Break("bad-array", "a shape is no short list", at)
    for _ in range(shape.size):
        size = read(cursor)
        if size.kind != "number" or not isinstance(size.constant, int):
            raise Break("bad-array", "a size is no whole number", at)
        array.shape.append(size.constant)
    dtype = read(cursor)
    if dtype.kind not in ("str", "bin") or dtype.size > WORD:
        raise Break("bad-array", "a type is no name", at)
    array.dtype = cursor.take(dtype.size).decode("utf-8", "replace")
    data = read(cursor)
    if data.kind not in ("bin", "str"):
        raise Break("bad-array", "the values are no bytes", at)
    array.start, array.size = data.start, data.size
    if data.start + data.size != end:
        raise Break("bad-array", f"the values end at {data.start + data.size}, the array at {end}", at)
    return array


def tensor(array: Array, name: str, notes: Notes, dtypes: dict[str, int]) -> Tensor:
    """The fact of an array; what does not hold together is noted."""
    dtype = array.dtype or ""
    nbytes = _nbytes(array, name, notes, dtypes)
    found = ""
    if array.size and (dtype in OBJECT or dtype in BYTES):
        found = notes.file_at(array.start, array.size, f"tensor/{name[:200]}", "tensor")
    if dtype in OBJECT and found == "pickle":
        notes.defect("object-pickle", f"{name}: {array.size} bytes", array.start)
    elif dtype in OBJECT:
        notes.defect("object-dtype", f"{name}: {dtype}", array.start)
    elif nbytes is not None and array.size is not None and nbytes != array.size:
        notes.defect("tensor-size", f"{name}: {nbytes} bytes are needed, {array.size} are there", array.start)
    shape = tuple(array.shape)
    return Tensor(
        notes.path,
        name=name,
        dtype=dtype,
        shape=shape,
        rows=shape[0] if shape else None,
        nbytes=nbytes or 0,
        storage_size=array.size,
        places=(Place(offset=array.start),),
    )


def _nbytes(array: Array, name: str, notes: Notes, dtypes: dict[str, int]) -> int | None:
    """Bytes that type and shape ask for, None when they do not tell."""
    elements = 1
    for size in array.shape:
        elements *= size
        if size < 0 or elements > LARGEST:
            notes.defect("bad-shape", f"{name}: {array.shape[:8]}", array.start)
            return None
    each = _itemsize(array.dtype or "", dtypes)
    if each is None:
        if array.dtype not in OBJECT:
            notes.defect("unknown-dtype", f"{name}: {array.dtype}", array.start)
        return None
    return elements * each if elements * each <= LARGEST else None


def _itemsize(dtype: str, dtypes: dict[str, int]) -> int | None:
    if dtype in dtypes:
        return dtypes[dtype]
    found = FIXED.fullmatch(dtype)
    if found is not None:
        return int(found.group(2)) // 8
    if dtype.startswith(("datetime64", "timedelta64")):
        return 8
    short = SHORT.fullmatch(dtype)
    if short is None or short.group(1) == "O":
        return None
    return int(short.group(2) or 1) * (4 if short.group(1) == "U" else 1)
