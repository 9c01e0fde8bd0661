"""Heaps: texts of old groups, values of variable length, and the fractal heap of large groups (specification, III)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.source import Cursor, Damage
from modelaudit.parsers.hdf5.trees import records, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.hdf5.source import Source

COLLECTION_MAX = 256 * 1024 * 1024
OBJECTS_MAX = 100_000
ROWS_MAX = 64
MANAGED, HUGE, TINY = 0, 1, 2


def local_heap(source: Source, address: int) -> int:
    """Address of the texts of a local heap."""
    cursor = source.signed(address, b"HEAP", 8 + 2 * source.long + source.wide)
    cursor.skip(4 + 2 * source.long)
    return cursor.offset()


def global_object(source: Source, address: int, index: int, limit: int) -> tuple[bytes, int]:
    """At most `limit` bytes of an object in a global heap collection, and its size."""
    head = 8 + source.long
    cursor = source.signed(address, b"GCOL", head)
    cursor.skip(4)
    end = address + min(cursor.size(), COLLECTION_MAX)
    at = address + head
    for _ in range(OBJECTS_MAX):
        if at + 8 + source.long > end:
            break
        entry = source.cursor(at, 8 + source.long)
        number = entry.number(2)
        entry.skip(6)
        size = entry.size()
        at += 8 + source.long
        if number == index:
            return source.read(at, min(size, limit)), size
        if number == 0:
            break
        at += -(-size // 8) * 8
    raise Damage(f"no object {index} in the global heap at {address}", address)


class FractalHeap:
    """A fractal heap: objects by their ids. Filtered heaps are not read."""

    def __init__(self, source: Source, address: int) -> None:
        self._source = source
        wide, long = source.wide, source.long
        cursor = source.signed(address, b"FRHP", 26 + 12 * long + 3 * wide)
        cursor.skip(1)
        self._id = cursor.number(2)
        if cursor.number(2):
            raise Damage("a filtered fractal heap is not read", address)
        cursor.skip(1)
        largest = cursor.number(4)
        cursor.skip(long)
        self._huge = cursor.offset()
        cursor.skip(long + wide + 8 * long)
        self._columns, self._start, self._direct = cursor.number(2), cursor.size(), cursor.size()
        self._bits = cursor.number(2)
        cursor.skip(2)
        self._root, self._rows = cursor.offset(), cursor.number(2)
        self._offset = -(-self._bits // 8)
        self._length = min(-(-max(1, self._direct.bit_length() - 1) // 8), width(largest))
        self._found: dict[int, tuple[int, int]] | None = None
        if not self._columns or not self._start or self._rows > ROWS_MAX:
            raise Damage("a fractal heap without a table", address)

    def get(self, key: bytes, limit: int) -> bytes:
        """At most `limit` bytes of an object."""
        cursor = Cursor(key, self._source, 0)
        first = cursor.number(1)
        kind = first >> 4 & 3
        if kind == TINY:
            return cursor.take((first & 0x0F) + 1)
        if kind == HUGE:
            address, size = self._huge_object(cursor)
            return self._source.read(address, min(size, limit))
        offset, size = cursor.number(self._offset), cursor.number(self._length)
        return self._source.read(self._locate(offset), min(size, limit))

    def _huge_object(self, cursor: Cursor) -> tuple[int, int]:
        """Address and size of an object that stands outside of the heap."""
        source = self._source
        if source.wide + source.long <= self._id - 1:
            return cursor.offset(), cursor.size()
        if self._found is None:
            self._found = {}
            for record in records(source, self._huge, OBJECTS_MAX):
                entry = Cursor(record, source, self._huge)
                address, size = entry.offset(), entry.size()
                self._found[entry.size()] = (address, size)
        number = cursor.number(min(cursor.left, source.long))
        if number not in self._found:
            raise Damage(f"no huge object {number} in a fractal heap", self._huge)
        return self._found[number]

    def _locate(self, offset: int) -> int:
        """Address of what stands at an offset of the heap."""
        if not self._rows:
            return self._root + offset
        block, rows, begin = self._root, self._rows, 0
        for _ in range(ROWS_MAX):
            entry, size, start, direct = self._entry(rows, offset - begin)
            source = self._source
            at = block + 5 + source.wide + self._offset + entry * source.wide
            block = source.cursor(at, source.wide).offset()
            begin += start
            if direct:
                return block + offset - begin
            rows = (size // (self._start * self._columns)).bit_length()
        raise Damage("a fractal heap without an end", self._root)

    def _entry(self, rows: int, offset: int) -> tuple[int, int, int, bool]:
        """Number, size and begin of the block that holds an offset, and whether it is a direct one."""
        begin = 0
        for row in range(rows):
            size = self._start << max(0, row - 1)
            if offset < begin + size * self._columns:
                column = (offset - begin) // size
                return row * self._columns + column, size, begin + column * size, size <= self._direct
            begin += size * self._columns
        raise Damage(f"offset {offset} lies outside of a fractal heap", self._root)
