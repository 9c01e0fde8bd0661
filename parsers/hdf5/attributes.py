"""Attributes: name, type, shape and value (specification, IV.A.2.m and v)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.datatypes import Dataspace, Datatype, read_space, read_type
from modelaudit.parsers.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, SHARED, Header
from modelaudit.parsers.hdf5.heaps import FractalHeap, global_object
from modelaudit.parsers.hdf5.source import Cursor, Damage
from modelaudit.parsers.hdf5.trees import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.hdf5.source import Source

ID = 8  # bytes of a heap id in a record
VALUES_MAX = 100_000  # elements that are read of one attribute
VALUE_MAX = 32 * 1024 * 1024  # bytes that are read of one attribute


class Attribute:
    """An attribute. `values` are its elements as bytes, of texts without padding; `whole` says that all are there."""

    __slots__ = ("name", "space", "type", "values", "whole")

    def __init__(
        self, name: bytes, type: Datatype, space: Dataspace, values: list[bytes], *, whole: bool = True
    ) -> None:
        self.name = name
        self.type = type
        self.space = space
        self.values = values
        self.whole = whole


def attributes(source: Source, header: Header, limit: int) -> Iterator[Attribute | Damage]:
    """The attributes of an object; what stands in place of one that cannot be read says why."""
    for message in header.of(ATTRIBUTE):
        if message.flags & SHARED:
            yield Damage("a shared attribute is not read", message.address)
        else:
            yield _tried(source, message.cursor(source))
    for message in header.of(ATTRIBUTE_INFO):
        yield from _dense(source, message.cursor(source), limit)


def _tried(source: Source, cursor: Cursor) -> Attribute | Damage:
    try:
        return _attribute(source, cursor)
    except Damage as damage:
        return damage


def _dense(source: Source, cursor: Cursor, limit: int) -> Iterator[Attribute | Damage]:
    """The attributes that stand in a heap."""
    try:
        cursor.skip(1)
        cursor.skip(2 if cursor.number(1) & 1 else 0)
        heap, tree = cursor.offset(), cursor.offset()
        if source.undefined(heap) or source.undefined(tree):
            return
        objects = FractalHeap(source, heap)
        for record in records(source, tree, limit):
            if len(record) > ID and record[ID] & SHARED:
                yield Damage("a shared attribute is not read", tree)
            else:
                yield _tried(source, Cursor(objects.get(record[:ID], VALUE_MAX), source, heap))
    except Damage as damage:
        yield damage


def _attribute(source: Source, cursor: Cursor) -> Attribute:
    version, flags = cursor.number(1), cursor.number(1)
    if version not in (1, 2, 3):
        raise Damage(f"attribute version {version} is not known", cursor.address)
    sizes = cursor.number(2), cursor.number(2), cursor.number(2)
    cursor.skip(1 if version == 3 else 0)
    pad = 8 if version == 1 else 1
    name, written, space = (_part(source, cursor, size, pad) for size in sizes)
    type = read_type(source, written, shared=version > 1 and bool(flags & 1))
    shape = read_space(space)
    values, whole = _values(source, cursor, type, shape)
    return Attribute(name.data.rstrip(b"\0"), type, shape, values, whole=whole)


def _part(source: Source, cursor: Cursor, size: int, pad: int) -> Cursor:
    """The next `size` bytes, and what fills them up to a multiple of `pad`."""
    address = cursor.address + cursor.at
    data = cursor.take(size)
    cursor.skip(min(-size % pad, cursor.left))
    return Cursor(data, source, address)


def _values(source: Source, cursor: Cursor, type: Datatype, space: Dataspace) -> tuple[list[bytes], bool]:
    """The elements of an attribute, and whether these are all."""
    count, size = space.count, type.size
    if not size or not count:
        return [], True
    wanted = min(count, VALUES_MAX, max(1, VALUE_MAX // size))
    values: list[bytes] = []
    total = 0
    for _ in range(wanted):
        raw, all_of_it = _value(source, cursor.take(size), type, VALUE_MAX - total)
        values.append(raw)
        total += len(raw)
        if not all_of_it or total >= VALUE_MAX:
            return values, False
    return values, wanted == count


def _value(source: Source, raw: bytes, type: Datatype, limit: int) -> tuple[bytes, bool]:
    """One element, and whether that is all of it."""
    if not type.variable:
        return (raw.rstrip(b"\0") if type.text else raw), True
    cursor = Cursor(raw, source, 0)
    length = cursor.number(4)
    address, index = cursor.offset(), cursor.number(4)
    if not length or not address or source.undefined(address):
        return b"", True
    data, size = global_object(source, address, index, limit)
    if type.text:  # libraries end such a text at its first NUL
        data = data[:length].partition(b"\0")[0]
    return data, size <= limit
