"""Where the chunks of a data set stand: the kinds of index that chunked layouts have (specification, III.A and VII).

Trees of version 1 and 2, a single chunk, chunks in a row, fixed arrays. Extensible arrays are not read.
"""

from __future__ import annotations

from math import prod

from modelaudit.parsers.hdf5.source import Cursor, Damage
from modelaudit.parsers.hdf5.trees import NODE_MAX, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.hdf5.source import Source

CHUNKS_MAX = 65_536  # of one data set
TREE, SINGLE, IMPLICIT, FIXED, EXTENSIBLE, TREE2 = range(6)
CHUNK = 1  # type of a node of a tree of version 1
ONE_FILTERED = 0x02  # flag: the size of the single chunk follows
PLAIN_EDGES = 0x01  # flag: chunks at the edges are not filtered


class Chunked:
    """A chunked layout: the shape of a chunk, the kind of its index, and where that is."""

    __slots__ = ("address", "flags", "kind", "shape", "single")

    def __init__(
        self, shape: tuple[int, ...], kind: int, address: int, flags: int = 0, single: tuple[int, int] = (0, 0)
    ) -> None:
        self.shape = shape
        self.kind = kind
        self.address = address
        self.flags = flags
        self.single = single  # size and mask of filters of the only chunk


class Chunk:
    """The stored bytes of a chunk; a set bit of the mask says that a filter was not applied."""

    __slots__ = ("address", "mask", "size")

    def __init__(self, address: int, size: int, mask: int) -> None:
        self.address = address
        self.size = size
        self.mask = mask


def read_chunked(cursor: Cursor, version: int) -> Chunked:
    """The layout behind its version and class."""
    if version == 3:
        rank = cursor.number(1)
        address = cursor.offset()
        return Chunked(tuple(cursor.number(4) for _ in range(rank))[:-1], TREE, address)
    flags, rank, wide = cursor.number(1), cursor.number(1), cursor.number(1)
    shape = tuple(cursor.number(wide) for _ in range(rank))[:-1]
    kind = cursor.number(1)
    single = (cursor.size(), cursor.number(4)) if kind == SINGLE and flags & ONE_FILTERED else (0, 0)
    cursor.skip({FIXED: 1, EXTENSIBLE: 5, TREE2: 6}.get(kind, 0))
    return Chunked(shape, kind, cursor.offset(), flags, single)


def chunks(source: Source, layout: Chunked, shape: tuple[int, ...], each: int) -> dict[tuple[int, ...], Chunk]:
    """The chunks by their place in the grid; `each` is the size of one in bytes before its filters."""
    if source.undefined(layout.address):
        return {}
    grid = tuple(-(-whole // part) for whole, part in zip(shape, layout.shape, strict=True))
    if prod(grid) > CHUNKS_MAX:
        raise Damage(f"{prod(grid)} chunks", layout.address)
    if layout.kind == TREE:
        return dict(_tree(source, layout))
    if layout.kind == TREE2:
        return dict(_tree2(source, layout, each))
    if layout.kind == SINGLE:
        return {(0,) * len(grid): Chunk(layout.address, layout.single[0] or each, layout.single[1])}
    found: Iterator[Chunk]
    if layout.kind == IMPLICIT:
        found = (Chunk(layout.address + n * each, each, 0) for n in range(prod(grid)))
    elif layout.kind == FIXED:
        found = _fixed(source, layout.address, prod(grid), each)
    else:
        raise Damage(f"an index of kind {layout.kind} is not read", layout.address)
    places = (_place(n, grid) for n in range(prod(grid)))
    return {place: chunk for place, chunk in zip(places, found, strict=False) if not source.undefined(chunk.address)}


def _place(number: int, grid: tuple[int, ...]) -> tuple[int, ...]:
    place = []
    for size in reversed(grid):
        number, at = divmod(number, size)
        place.append(at)
    return tuple(reversed(place))


def _tree(source: Source, layout: Chunked) -> Iterator[tuple[tuple[int, ...], Chunk]]:
    rank = len(layout.shape)
    key = 8 + 8 * (rank + 1)
    open_nodes, seen = [layout.address], {layout.address}
    while open_nodes:
        at = open_nodes.pop()
        cursor = source.signed(at, b"TREE", 8 + 2 * source.wide)
        type, level, used = cursor.number(1), cursor.number(1), cursor.number(2)
        if type != CHUNK:
            raise Damage(f"the tree at {at} is not one of chunks", at)
        entries = source.cursor(at + 8 + 2 * source.wide, used * (key + source.wide))
        for _ in range(used):
            size, mask = entries.number(4), entries.number(4)
            offsets = [entries.number(8) for _ in range(rank)]
            entries.skip(8)
            child = entries.offset()
            if child in seen or len(seen) > CHUNKS_MAX * 2:
                raise Damage("a tree that leads back to itself, or has no end", at)
            seen.add(child)
            if level:
                open_nodes.append(child)
            else:
                place = tuple(offset // part for offset, part in zip(offsets, layout.shape, strict=True))
                yield place, Chunk(child, size, mask)


def _tree2(source: Source, layout: Chunked, each: int) -> Iterator[tuple[tuple[int, ...], Chunk]]:
    rank = len(layout.shape)
    for record in records(source, layout.address, CHUNKS_MAX):
        cursor = Cursor(record, source, layout.address)
        address = cursor.offset()
        width = len(record) - source.wide - 8 * rank
        size, mask = (cursor.number(width - 4), cursor.number(4)) if width > 4 else (each, 0)
        yield tuple(cursor.number(8) for _ in range(rank)), Chunk(address, size, mask)


def _fixed(source: Source, address: int, count: int, each: int) -> Iterator[Chunk]:
    """The entries of a fixed array, which may stand in pages."""
    head = source.signed(address, b"FAHD", 8 + source.long + source.wide)
    head.skip(1)
    filtered, entry, bits = head.number(1), head.number(1), head.number(1)
    total, block = head.size(), head.offset()
    if source.undefined(block) or not entry or bits > 31:
        return
    source.signed(block, b"FADB", 6 + source.wide)
    at = block + 6 + source.wide
    page = 1 << bits
    pages = -(-total // page) if total > page else 0
    if pages * page * entry > NODE_MAX * 64:
        raise Damage("a fixed array without an end", block)
    at += -(-pages // 8) + 4 if pages else 0
    for number in range(min(count, total)):
        skip = number // page * 4 if pages else 0  # a checksum behind each page
        cursor = source.cursor(at + number * entry + skip, entry)
        start = cursor.offset()
        size, mask = (cursor.number(entry - source.wide - 4), cursor.number(4)) if filtered else (each, 0)
        yield Chunk(start, size, mask)
