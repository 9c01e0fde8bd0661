"""Tables, vectors and texts of a flat buffer. What is asked for where nothing can be is a `Break`."""

from __future__ import annotations

import struct

from modelaudit.parsers.cursor import Break
from modelaudit.parsers.notes import FileBudget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

BLOCK = 64 * 1024
BLOCKS = 64  # that are kept
VTABLE_MAX = 4096  # bytes: more fields than any table has
STEPS = 1000  # that every file may take
STEPS_MAX = 5_000_000
BYTES = 16 * 1024 * 1024  # that may be taken out of every file
BYTES_EACH = 8  # and for each of its own
CHECKED = 1024  # steps between two looks at the time


class Flat:
    """A file as a flat buffer. `furthest` is the end of what was asked for, wherever it was.

    A sound file takes four bytes for every element that can be visited; one that lets many places lead to the same
    element or text would take without end, so that steps and bytes are counted. More of them raise `FileBudget`.
    """

    def __init__(self, reader: Reader, context: Context) -> None:
        self.reader = reader
        self.size = reader.size
        self.furthest = 8
        self.budget = min(STEPS + reader.size // 4, STEPS_MAX)
        self._check = context.check
        self._steps = 0
        self._taken = 0
        self._blocks: dict[int, bytes] = {}

    def step(self) -> None:
        """Count an element that is visited."""
        self._steps += 1
        if self._steps > self.budget:
            raise FileBudget("elements", self._steps, self.budget)
        if self._steps % CHECKED == 0:
            self._check()

    def take(self, at: int, length: int) -> bytes:
        """Bytes at a place."""
        self.inside(at, length)
        self._taken += length
        if self._taken > BYTES + BYTES_EACH * self.size:
            raise FileBudget("bytes", self._taken, BYTES + BYTES_EACH * self.size)
        number, begin = divmod(at, BLOCK)
        data = self._block(number)[begin : begin + length]
        return data if len(data) == length else self.reader.read_at(at, length)

    def inside(self, at: int, length: int) -> None:
        """Raise `Break` when bytes are not all there."""
        if at < 0 or at + length > self.size:
            raise Break("bad-offset", f"{length} bytes at {at} of {self.size}", max(at, 0))
        self.furthest = max(self.furthest, at + length)

    def number(self, at: int, code: str) -> int:
        """A number at a place, of a type as `struct` writes it."""
        form = "<" + code
        data = self.take(at, struct.calcsize(form))
        value: int = struct.unpack(form, data)[0] if len(data) == struct.calcsize(form) else 0
        return value

    def root(self, at: int = 0) -> Table:
        """The outermost table."""
        return Table(self, at + self.number(at, "I"))

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= BLOCKS:
                self._blocks.pop(next(iter(self._blocks)))
            block = self._blocks[number] = self.reader.read_at(number * BLOCK, BLOCK)
        return block


class Table:
    """A table: fields by the number of their slot, absent ones as None or with a default."""

    __slots__ = ("_count", "_fields", "_width", "at", "flat")

    def __init__(self, flat: Flat, at: int) -> None:
        flat.step()
        self.flat = flat
        self.at = at
        vtable = at - flat.number(at, "i")
        size = flat.number(vtable, "H")
        if size < 4 or size % 2 or size > VTABLE_MAX:
            raise Break("bad-table", f"a vtable of {size} bytes", at)
        flat.inside(vtable, size)
        self._fields = (
            vtable + 4
        )  # fields are looked up one by one: many tables may share a vtable, or overlap in theirs
        self._count = size // 2 - 2
        self._width = flat.number(vtable + 2, "H")
        flat.inside(at, self._width)

    def place(self, slot: int) -> int | None:
        """Where a field stands, None when it is absent."""
        offset = self.flat.number(self._fields + 2 * slot, "H") if slot < self._count else 0
        if offset == 0:
            return None
        if offset >= self._width:
            raise Break("bad-table", f"a field stands at {offset} in a table of {self._width} bytes", self.at)
        return self.at + offset

    def number(self, slot: int, code: str, default: int = 0) -> int:
        """A number."""
        at = self.place(slot)
        return default if at is None else self.flat.number(at, code)

    def table(self, slot: int) -> Table | None:
        """A table."""
        at = self.place(slot)
        return None if at is None else Table(self.flat, at + self.flat.number(at, "I"))

    def vector(self, slot: int, each: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many there are, none when it is absent."""
        at = self.place(slot)
        if at is None:
            return self.at, 0
        begin = at + self.flat.number(at, "I")
        count = self.flat.number(begin, "I")
        if begin + 4 + count * each > self.flat.size:
            raise Break("bad-length", f"a vector of {count} elements of {each} bytes at {begin}", begin)
        self.flat.furthest = max(self.flat.furthest, begin + 4 + count * each)
        return begin + 4, count

    def numbers(self, slot: int, code: str, most: int) -> list[int]:
        """The numbers of a vector, at most so many."""
        each = struct.calcsize("<" + code)
        begin, count = self.vector(slot, each)
        count = min(count, most)
        data = self.flat.take(begin, count * each)
        return list(struct.unpack(f"<{len(data) // each}{code}", data[: len(data) // each * each]))

    def text(self, slot: int, most: int = 64 * 1024) -> bytes:
        """A text, at most so many bytes of it."""
        begin, count = self.vector(slot, 1)
        return self.flat.take(begin, min(count, most))

    def tables(self, slot: int) -> Iterator[Table]:
        """The tables of a vector."""
        begin, count = self.vector(slot, 4)
        for n in range(count):
            at = begin + 4 * n
            yield Table(self.flat, at + self.flat.number(at, "I"))
