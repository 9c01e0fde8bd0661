"""Datatype and dataspace messages: what an element is, and how many there are (specification, IV.A.2.b and d)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.headers import DATATYPE as TYPE_MESSAGE
from modelaudit.parsers.hdf5.headers import SHARED, Message, read_header, shared_address
from modelaudit.parsers.hdf5.source import Cursor, Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.hdf5.source import Source

FIXED, FLOAT, TIME, STRING, BITS, OPAQUE, COMPOUND, REFERENCE, ENUM, VARIABLE, ARRAY, COMPLEX = range(12)
NAMES = {TIME: "time", BITS: "bitfield", OPAQUE: "opaque", COMPOUND: "compound", REFERENCE: "reference"}
PROPERTIES = {FIXED: 4, FLOAT: 12, TIME: 2, BITS: 4}  # bytes
NESTING_MAX = 16
RANK_MAX = 32
SIGNED = 0x08
BIG, VAX = 0x01, 0x40  # bits of a number's order of bytes
GROWS = 0x01  # flag: the largest sizes follow
SIMPLE, NULL = 1, 2  # kinds of dataspace


class Datatype:
    """What an element is. `text` is set for texts of fixed and of variable length, `variable` for the latter."""

    __slots__ = ("kind", "name", "size", "text", "variable")

    def __init__(self, kind: int, name: str, size: int, *, text: bool = False, variable: bool = False) -> None:
        self.kind = kind
        self.name = name
        self.size = size
        self.text = text
        self.variable = variable


def message_type(source: Source, message: Message) -> Datatype:
    """The datatype that a message holds or points to."""
    return read_type(source, message.cursor(source), shared=bool(message.flags & SHARED))


def read_type(source: Source, cursor: Cursor, *, shared: bool = False) -> Datatype:
    """The datatype at a cursor, which may only name the object that holds it."""
    if not shared:
        return _type(cursor, 0)
    holder = Message(TYPE_MESSAGE, SHARED, cursor.data[cursor.at :], cursor.address)
    address = shared_address(source, holder)
    if address is None:
        raise Damage("a datatype in a heap of shared messages is not read", cursor.address)
    committed = read_header(source, address).first(TYPE_MESSAGE)
    if committed is None:
        raise Damage(f"no datatype in the object at {address}", address)
    return _type(committed.cursor(source), 0)


def _type(cursor: Cursor, depth: int) -> Datatype:
    if depth > NESTING_MAX:
        raise Damage("datatypes are nested too deep", cursor.address)
    first, bits, size = cursor.number(1), cursor.number(3), cursor.number(4)
    kind, version = first & 0x0F, first >> 4
    cursor.skip(PROPERTIES.get(kind, 0) if cursor.left >= PROPERTIES.get(kind, 0) else 0)
    if kind == STRING:
        return Datatype(kind, "string", size, text=True)
    if kind in (ENUM, ARRAY, VARIABLE, COMPLEX):
        return _derived(cursor, depth, kind, version, bits, size)
    if kind == COMPOUND:
        return Datatype(kind, f"compound of {bits & 0xFFFF}", size)
    return Datatype(kind, _name(kind, bits, size), size)


def _name(kind: int, bits: int, size: int) -> str:
    """The word for a type; as numpy spells it when the highest byte comes first."""
    if kind == FLOAT and bits & VAX:
        return f"vax-float{8 * size}"
    if kind in (FIXED, FLOAT) and bits & BIG and size > 1:
        return f">{'f' if kind == FLOAT else 'i' if bits & SIGNED else 'u'}{size}"
    if kind == FIXED:
        return f"{'' if bits & SIGNED else 'u'}int{8 * size}"
    if kind == FLOAT:
        return f"float{8 * size}"
    return NAMES.get(kind, f"class-{kind}")


def _derived(cursor: Cursor, depth: int, kind: int, version: int, bits: int, size: int) -> Datatype:
    """A type that is made of another one."""
    if kind == VARIABLE:
        base = _type(cursor, depth + 1)
        text = bits & 0x0F == 1
        return Datatype(kind, "string" if text else f"variable {base.name}", size, text=text, variable=True)
    if kind == ARRAY:
        rank = cursor.number(1)
        cursor.skip((3 if version < 3 else 0) + (8 if version < 3 else 4) * rank)
        return Datatype(kind, f"array of {_type(cursor, depth + 1).name}", size)
    base = _type(cursor, depth + 1)
    return Datatype(kind, f"enum {base.name}" if kind == ENUM else f"complex{8 * size}", size)


class Dataspace:
    """How many elements there are: `shape` is empty for one, `none` says that there is nothing."""

    __slots__ = ("most", "none", "shape")

    def __init__(self, shape: tuple[int, ...], *, none: bool = False, most: tuple[int | None, ...] = ()) -> None:
        self.shape = shape
        self.most = most or shape  # how far it may grow, None without a bound
        self.none = none

    @property
    def count(self) -> int:
        """Number of elements."""
        count = 0 if self.none else 1
        for dimension in self.shape:
            count *= dimension
        return count


def read_space(cursor: Cursor) -> Dataspace:
    """The dataspace at a cursor."""
    version, rank, flags = cursor.number(1), cursor.number(1), cursor.number(1)
    if version not in (1, 2) or rank > RANK_MAX:
        raise Damage(f"dataspace version {version} of rank {rank}", cursor.address)
    kind = cursor.number(1)
    if version == 1:
        cursor.skip(4)
        kind = SIMPLE
    shape = tuple(cursor.size() for _ in range(rank))
    most = tuple(_bound(cursor) for _ in range(rank)) if flags & GROWS else ()
    return Dataspace(shape, none=kind == NULL, most=most)


def _bound(cursor: Cursor) -> int | None:
    """How far a dimension may grow."""
    size, long = cursor.at, cursor.size()
    return None if long == (1 << 8 * (cursor.at - size)) - 1 else long
