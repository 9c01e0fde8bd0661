"""Where the chunks of a data set stand: the kinds of index that chunked layouts have (specification, III.A and VII).

Trees of version 1 and 2, a single chunk, chunks in a row, fixed and extensible arrays.
"""

from __future__ import annotations

from itertools import product
from math import prod

from modelaudit.parsers.hdf5.chunk_arrays import Chunk, ExtensibleArray, FixedArray
from modelaudit.parsers.hdf5.source import Cursor, Damage
from modelaudit.parsers.hdf5.trees import records

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

    __slots__ = ("address", "flags", "kind", "most", "shape", "single")

    def __init__(
        self, shape: tuple[int, ...], kind: int, address: int, flags: int = 0, single: tuple[int, int] = (0, 0)
    ) -> None:
        self.shape = shape
        self.kind = kind
        self.address = address
        self.flags = flags
        self.most: tuple[int | None, ...] = ()  # how far the data set may grow, None without a bound
        self.single = single  # size and mask of filters of the only chunk


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
    return dict(_numbered(source, layout, shape, grid, each))


def _numbered(
    source: Source, layout: Chunked, shape: tuple[int, ...], grid: tuple[int, ...], each: int
) -> Iterator[tuple[tuple[int, ...], Chunk]]:
    """The chunks of an index that numbers them: by the size that the data set may grow to, what has no bound first."""
    most = layout.most if len(layout.most) == len(shape) else shape
    free = most.index(None) if None in most and layout.kind == EXTENSIBLE else 0
    order = (free, *(at for at in range(len(grid)) if at != free))
    widths = [-(-(most[at] or shape[at]) // layout.shape[at]) for at in order]
    entries: FixedArray | ExtensibleArray | None = None
    if layout.kind == FIXED:
        entries = FixedArray(source, layout.address, each)
    elif layout.kind == EXTENSIBLE:
        entries = ExtensibleArray(source, layout.address, each)
    elif layout.kind != IMPLICIT:
        raise Damage(f"an index of kind {layout.kind} is not read", layout.address)
    for place in product(*map(range, grid)):
        number = 0
        for at, width in zip(order, widths, strict=True):
            number = number * width + place[at]
        chunk = Chunk(layout.address + number * each, each, 0) if entries is None else entries.chunk(number)
        if chunk is not None:
            yield place, chunk


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
