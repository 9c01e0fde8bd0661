"""Tensor infos: what they say, whether their numbers hold together, and where their bytes stand."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Place, Tensor, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.gguf.values import Values
    from modelaudit.parsers.notes import Notes

DIMENSIONS = 4  # that GGML has
DIMENSIONS_READ = 64
NAME_MAX = 64  # bytes, the NUL of loaders included
LARGEST = 2**63 - 1
OVERHEAD = 512  # bytes that loaders add for each tensor before they ask for memory


class Types:
    """Element types by number: name, elements and bytes of a block."""

    def __init__(self, old: bool = False) -> None:
        with open(os.path.join(os.path.dirname(__file__), "types.json"), "rb") as file:
            table = json.loads(file.read())
        rows = {**table["types"], **(table["old"] if old else {})}
        self.rows: dict[int, tuple[str, int, int]] = {int(n): (row[0], row[1], row[2]) for n, row in rows.items()}

    def name(self, type: int) -> str:
        """The name of a type, its number when it has none."""
        return self.rows[type][0] if type in self.rows else str(type)


class Info:
    """One tensor as the file has it. `nbytes` is None when type and shape do not give it."""

    __slots__ = ("at", "begin", "dims", "name", "nbytes", "type")

    def __init__(self, name: str, dims: Sequence[int], type: int, begin: int, at: int) -> None:
        self.name = name
        self.dims = dims
        self.type = type
        self.begin = begin  # among the data
        self.at = at
        self.nbytes: int | None = None


def read_info(values: Values, notes: Notes, types: Types) -> Info:
    """The next tensor info; what is wrong with it is noted. Raises `Break` where it cannot be read."""
    cursor = values.cursor
    at = cursor.at
    raw, long = values.string(1024)
    name, lossy = decode(raw)
    if long or len(raw) > NAME_MAX or lossy or not raw:
        notes.defect("bad-name", f"a tensor's name of {len(raw)} bytes: {name[:100]}", at)
    count = cursor.u32()
    if count > DIMENSIONS:
        notes.defect("bad-shape", f"{name}: {count} dimensions", at)
    if count > DIMENSIONS_READ:
        values.oversized(f"{name[:100]}: a shape", count, 1 << 40, at)
    dims = [cursor.u32() if values.width == 4 else cursor.u64() for _ in range(count)]
    type = cursor.u32()
    info = Info(name, dims, type, cursor.u64(), at)
    info.nbytes = measure(info, notes, types)
    return info


def measure(info: Info, notes: Notes, types: Types) -> int | None:
    """Bytes that type and shape ask for; what does not hold together is noted."""
    elements = 1
    for size in info.dims:
        elements *= size
        if size > LARGEST or elements > LARGEST:
            notes.defect("overflow", f"{info.name}: the number of elements overflows", info.at)
            return None
    row = types.rows.get(info.type)
    if row is None:
        notes.defect("unknown-dtype", f"{info.name}: {info.type}", info.at, frozenset({"tensor"}))
        return None
    _, block, each = row
    first = info.dims[0] if info.dims else 1
    if first % block:
        notes.defect("bad-shape", f"{info.name}: {first} elements in a row, blocks have {block}", info.at)
    nbytes = -(-first // block) * each * (elements // first if first else 0)
    if nbytes > LARGEST or info.begin + nbytes > LARGEST:
        notes.defect("overflow", f"{info.name}: its end overflows", info.at)
        return None
    return nbytes


def fact(info: Info, notes: Notes, types: Types, data: int) -> Tensor:
    """The fact of a tensor; `data` is the offset of the first byte of data."""
    shape = tuple(reversed(info.dims))
    return Tensor(
        notes.path,
        name=info.name,
        dtype=types.name(info.type),
        shape=tuple(min(size, LARGEST) for size in shape),
        rows=min(shape[0], LARGEST) if shape else None,
        nbytes=info.nbytes or 0,
        storage_size=info.nbytes,
        data_offset=min(data + info.begin, LARGEST),
        places=(Place(offset=min(data + info.begin, LARGEST)),),
    )


def layout(infos: Sequence[Info], notes: Notes, data: int, alignment: int) -> None:
    """Note where tensors overlap, leave gaps, or do not lie in the file, and what stands behind the last one."""
    total = OVERHEAD * len(infos) + sum(-(-(info.nbytes or 0) // alignment) * alignment for info in infos)
    if total > LARGEST:
        notes.defect("overflow", "the sizes of all tensors together overflow", data)
    size = max(notes.reader.size - data, 0)
    covered, last = 0, ""
    for info in sorted((info for info in infos if info.nbytes is not None), key=lambda i: (i.begin, i.nbytes or 0)):
        end = info.begin + (info.nbytes or 0)
        if info.begin % alignment:
            notes.defect("unaligned", f"{info.name}: {info.begin} is no multiple of {alignment}", info.at)
        if end > size:
            notes.defect("out-of-range", f"{info.name}: ends at {end} of {size} bytes of data", info.at)
        if info.begin < covered and info.nbytes:
            notes.defect("overlap", f"{info.name} and {last}", info.at)
        gap = -(-covered // alignment) * alignment
        if info.begin > gap:
            notes.defect("hole", f"{info.begin - gap} bytes before {info.name}", data + gap)
            notes.region(data + gap, data + min(info.begin, size), f"hole-{data + gap}")
        if end > covered:
            covered, last = end, info.name
    if all(info.nbytes is not None for info in infos):
        tail(notes, data + covered, data + -(-covered // alignment) * alignment)


def tail(notes: Notes, end: int, padded: int) -> None:
    """Note what stands behind the end of the data; zeros up to the padded end are padding."""
    begin = min(padded, notes.reader.size)
    if notes.reader.read_at(end, begin - end).strip(b"\0"):
        begin = end
    if begin < notes.reader.size:
        notes.defect("trailing-data", f"{notes.reader.size - begin} bytes after the last tensor", begin)
        if len(notes.formats) <= 1:  # the other format's parser reads it
            notes.region(begin, notes.reader.size, "trailing-data")
