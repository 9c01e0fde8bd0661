"""The fields of a message one by one, typed by a table, with nothing in memory but a window.

The wire format is https://protobuf.dev/programming-guides/encoding/; what parsers refuse (field number 0, varints
above ten bytes, lengths beyond the message, groups that do not close, more than 100 levels) is a defect here.
A field whose wire type is not the one of the table is an unknown one, as it is for the real parsers.
"""

from __future__ import annotations

import struct

from modelaudit.engine.facts import decode
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.magic import varint
from modelaudit.parsers.protobuf.schema import SCALARS
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.protobuf.schema import Schema
    from modelaudit.parsers.reader import Reader

    Report = Callable[[str, str, int], None]  # code and detail of a defect, and the offset

FIELDS_MAX = 10_000_000  # of one file
DEPTH_MAX = 100  # levels of messages; the real parsers refuse more
LENGTH_MAX = 2**31 - 1
EVERY = 4095  # fields between two looks at what is left, and a mask
MASK = (1 << 64) - 1
FIRST, LARGEST = 4096, 256 * 1024  # bytes of a window after a jump, and when reading goes on and on
AHEAD = 32  # bytes that hold every tag with a length or a number
PLAIN = frozenset({*SCALARS, "string", "bytes"})  # kinds that are no messages
LAYOUTS = {"float": "<f", "double": "<d", "sfixed32": "<i", "sfixed64": "<q", "fixed32": "<I", "fixed64": "<Q"}


class MalformedError(ValueError):
    """A message is none from some place on: code, detail and offset."""

    def __init__(self, code: str, detail: str, offset: int) -> None:
        super().__init__(code, detail, offset)
        self.code = code
        self.detail = detail
        self.offset = offset


class Wire:
    """The bytes of a file through a window, and what may still be spent on its fields."""

    __slots__ = (
        *("base", "context", "data", "left", "limit", "most", "reader", "report", "schema", "spare", "step"),
        "unknown",
    )

    def __init__(
        self,
        reader: Reader,
        schema: Schema,
        context: Context,
        report: Report,
        unknown: Callable[[Field], None] | None = None,
        fields: int = FIELDS_MAX,
        spare: int = FIELDS_MAX,
    ) -> None:
        self.reader = reader
        self.schema = schema
        self.context = context
        self.report = report
        self.unknown = unknown  # told of every field that the table does not have
        self.left = self.most = fields
        self.spare = spare  # fields outside of the table, and in groups, that are still passed over
        self.data = b""
        self.base = self.limit = 0  # offsets of the window
        self.step = FIRST

    def root(self, type: str) -> Message:
        """The whole file as one message."""
        return Message(self, type, 0, self.reader.size, 0)

    def fill(self, at: int) -> None:
        """Move the window to an offset: a small one after a jump, a larger one where reading goes on."""
        follows = self.base < at <= self.limit
        self.step = min(self.step * 4, LARGEST) if follows else FIRST
        self.data = self.reader.read_at(at, self.step)
        self.base, self.limit = at, at + len(self.data)

    def count(self) -> None:
        """Count a field; raises `BudgetSpent` when there are too many."""
        self.left -= 1
        if not self.left & EVERY:
            self.check()

    def passed(self) -> None:
        """Count a field that means nothing here; raises `BudgetSpent` when there are too many."""
        self.spare -= 1
        if self.spare < 0:
            raise BudgetSpent("fields", at=self.most, budget=self.most, by="file")

    def check(self) -> None:
        """Raise `BudgetSpent` when time is up or there are too many fields."""
        self.context.check()
        if self.left <= 0:
            raise BudgetSpent("fields", at=self.most, budget=self.most, by="file")

    def read(self, start: int, length: int) -> bytes:
        """Some bytes, from the window when they are in it."""
        if self.base <= start and start + length <= self.limit:
            return self.data[start - self.base : start - self.base + length]
        return self.reader.read_at(start, length)


class Message:
    """A message of a type between two offsets; it is read as `fields` is iterated."""

    __slots__ = ("depth", "end", "start", "type", "wire")

    def __init__(self, wire: Wire, type: str, start: int, end: int, depth: int) -> None:
        self.wire = wire
        self.type = type
        self.start = start
        self.end = end
        self.depth = depth

    def fields(self) -> Iterator[Field]:
        """The fields that the table knows, in order. What is malformed ends them and is reported."""
        if self.depth > DEPTH_MAX:
            self.wire.report("nesting", f"more than {DEPTH_MAX} levels of messages", self.start)
            return
        wire, at, end = self.wire, self.start, self.end
        table, unknown = wire.schema.numbers(self.type), wire.unknown
        try:
            while at < end:
                wire.left -= 1
                if not wire.left & EVERY:
                    wire.check()
                if at < wire.base or at + AHEAD > wire.limit:
                    wire.fill(at)
                field = self._short(at) or self._field(at)
                at = field.end
                known = table.get(field.number)
                if known is not None and (field.wire == known[3] or (known[2] and field.wire == 2)):
                    field.name, field.kind = known[0], known[1]
                    yield field
                else:
                    wire.passed()
                    if unknown is not None:
                        unknown(field)
        except MalformedError as bad:
            wire.report(bad.code, f"{self.type}: {bad.detail}", bad.offset)

    def _short(self, at: int) -> Field | None:
        """The field at an offset within the window when tag and length, or tag and number, are one byte each.

        Nearly all of a graph are such fields; the others are `_field`'s.
        """
        wire = self.wire
        data, here = wire.data, at - wire.base
        if here + 2 > len(data):
            return None
        tag, number = data[here], data[here + 1]
        if not 8 <= tag < 128 or number > 127:
            return None
        if tag & 7 == 2 and at + 2 + number <= self.end:
            return Field(self, tag >> 3, 2, 0, at + 2, at + 2 + number)
        if tag & 7 == 0 and at + 2 <= self.end:
            return Field(self, tag >> 3, 0, number, at + 1, at + 2)
        return None

    def _field(self, at: int) -> Field:
        """The field that begins at an offset within the window."""
        wire = self.wire
        data, base = wire.data, wire.base
        tag, place = varint(data, at - base)
        kind, number = tag & 7, tag >> 3
        if not 8 <= tag < 1 << 32:
            raise MalformedError("bad-tag", f"the tag {tag} is none", at)
        value, start = 0, base + place
        if kind == 0:
            value, place = varint(data, place)
            if value < 0:
                raise MalformedError("bad-varint", f"field {number} has more than ten bytes", at)
            value &= MASK
            stop = base + place
        elif kind == 2:
            length, place = varint(data, place)
            start = base + place
            stop = start + length
            if not 0 <= length <= LENGTH_MAX:
                raise MalformedError("bad-length", f"field {number} has {length} bytes", at)
        elif kind in (1, 5):
            stop = start + (8 if kind == 1 else 4)
            value = int.from_bytes(wire.read(start, stop - start), "little")
        else:
            stop = self._group_end(number, kind, start, at)
        if stop > self.end:
            raise MalformedError("truncated", f"field {number} ends beyond its message", at)
        return Field(self, number, kind, value, start, stop)

    def _group_end(self, number: int, kind: int, start: int, at: int) -> int:
        """Where a group ends, which is the old form of a message. Raises `MalformedError`."""
        if kind != 3:
            raise MalformedError("bad-tag", f"field {number} has wire type {kind}", at)
        if self.depth >= DEPTH_MAX:
            raise MalformedError("nesting", f"more than {DEPTH_MAX} levels of messages", at)
        wire = self.wire
        inner = Message(wire, self.type, start, self.end, self.depth + 1)
        while start < self.end:
            wire.count()
            wire.passed()
            if start < wire.base or start + AHEAD > wire.limit:
                wire.fill(start)
            tag, place = varint(wire.data, start - wire.base)
            if tag & 7 == 4 and tag >= 8:
                if tag >> 3 != number or wire.base + place > self.end:
                    break
                return wire.base + place
            start = inner._field(start).end
        raise MalformedError("bad-group", f"group {number} does not end", at)


class Field:
    """One field of a message: a number, or the bytes between `start` and `end`.

    `name` and `kind` are empty for a field that the table does not have.
    """

    __slots__ = ("end", "kind", "message", "name", "number", "start", "value", "wire")

    def __init__(self, message: Message, number: int, wire: int, value: int, start: int, end: int) -> None:
        self.message = message
        self.number = number
        self.wire = wire
        self.value = value  # of a number, as it is written
        self.start = start
        self.end = end
        self.name = ""
        self.kind = ""

    @property
    def size(self) -> int:
        """Number of bytes that are written for the value."""
        return self.end - self.start

    @property
    def offset(self) -> int:
        """Where the value stands in the file."""
        return self.start

    def number_value(self) -> int | float:
        """A number as its kind has it."""
        return _number(self.kind, self.value)

    def integer(self) -> int:
        """A whole number; 0 for a field of another kind."""
        number = self.number_value() if self.wire != 2 else 0
        return number if isinstance(number, int) else 0

    def raw(self, most: int) -> bytes:
        """The bytes of the value, at most so many."""
        return self.message.wire.read(self.start, min(most, self.end - self.start))

    def text(self, most: int) -> tuple[str, bool, bool]:
        r"""The text of at most so many bytes, whether bytes had to be written as `\xNN`, and whether it was cut."""
        cut = self.end - self.start > most
        data = self.raw(most)
        value, lossy = decode(_whole(data) if cut else data)
        return value, lossy, cut

    def word(self, most: int = 1024) -> str:
        """The text alone."""
        return self.text(most)[0]

    def reader(self) -> Reader:
        """The bytes of the value as a reader of their own."""
        return SliceReader(self.message.wire.reader, self.start, self.size)

    def sub(self) -> Message:
        """The value as a message of its kind."""
        message = self.message
        return Message(message.wire, self.kind, self.start, self.end, message.depth + 1)

    def numbers(self, most: int) -> list[int | float]:
        """The numbers of a repeated field as it is written here, packed or one alone; at most so many."""
        if self.wire != 2:
            return [self.number_value()]
        if SCALARS[self.kind] == 0:
            return self._varints(most)
        layout = LAYOUTS[self.kind]
        width = struct.calcsize(layout)
        data = self.raw(most * width)
        return [struct.unpack_from(layout, data, at)[0] for at in range(0, len(data) - width + 1, width)]

    def _varints(self, most: int) -> list[int | float]:
        data = self.raw(most * 10)
        found: list[int | float] = []
        at = 0
        while at < len(data) and len(found) < most:
            value, at = varint(data, at)
            if at > len(data) or value < 0:
                if self.size <= most * 10:
                    self.message.wire.report("bad-varint", f"{self.name}: the last number is cut off", self.start)
                break
            found.append(_number(self.kind, value & MASK))
        return found


def _whole(data: bytes) -> bytes:
    """The bytes without the beginning of a character that was cut."""
    for back in range(1, 4):
        if back <= len(data) and data[-back] >= 0xC0:
            return data[:-back]
    return data


def _number(kind: str, value: int) -> int | float:
    if kind == "int":
        return value - (1 << 64) if value >> 63 else value
    if kind == "sint":
        return (value >> 1) ^ -(value & 1)
    if kind == "bool":
        return int(bool(value))
    layout = LAYOUTS.get(kind)
    if layout is None:
        return value
    found: int | float = struct.unpack(layout, value.to_bytes(struct.calcsize(layout), "little"))[0]
    return found
