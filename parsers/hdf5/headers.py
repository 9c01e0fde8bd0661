"""Object headers: the messages that say what an object is (specification, IV.A)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.source import Cursor, Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.hdf5.source import Source

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT = 0x01, 0x02, 0x03, 0x06, 0x07, 0x08
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOLS, ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15
SHARED = 0x02  # flag of a message
IN_HEAP, IN_OBJECT = 1, 2  # where a shared message is
MESSAGES_MAX = 100_000
BLOCKS_MAX = 10_000
BYTES_MAX = 64 * 1024 * 1024  # of one object's header


class Message:
    """One message. `address` is where its data stand."""

    __slots__ = ("address", "data", "flags", "type")

    def __init__(self, type: int, flags: int, data: bytes, address: int) -> None:
        self.type = type
        self.flags = flags
        self.data = data
        self.address = address

    def cursor(self, source: Source) -> Cursor:
        """A cursor over the data."""
        return Cursor(self.data, source, self.address)


class Header:
    """The messages of an object, as far as they can be read. `damage` says where reading ended early."""

    __slots__ = ("address", "damage", "messages")

    def __init__(self, address: int) -> None:
        self.address = address
        self.messages: list[Message] = []
        self.damage: Damage | None = None

    def of(self, type: int) -> list[Message]:
        """The messages of a type."""
        return [message for message in self.messages if message.type == type]

    def first(self, type: int) -> Message | None:
        """The first message of a type."""
        return next((message for message in self.messages if message.type == type), None)


def read_header(source: Source, address: int) -> Header:
    """The header of the object at an address; `Damage` when there is none."""
    header = Header(address)
    second = source.read(address, 4) == b"OHDR"
    blocks = [_second(source, address) if second else _first(source, address)]
    seen, total = {address}, 0
    while blocks:
        begin, length, ordered = blocks.pop(0)
        total += length
        if total > BYTES_MAX or len(seen) > BLOCKS_MAX:
            raise Damage("an object header of more than 64 MiB", address)
        try:
            found = _messages(source, begin, length, ordered=ordered, second=second)
            header.messages += found
            blocks += _continued(source, found, seen, ordered=ordered, second=second)
        except Damage as damage:
            header.damage = damage
        if len(header.messages) > MESSAGES_MAX:
            raise Damage("too many messages in an object header", address)
    return header


def _first(source: Source, address: int) -> tuple[int, int, bool]:
    """Begin and length of the messages in a header of version 1."""
    cursor = source.cursor(address, 16)
    if cursor.number(1) != 1:
        raise Damage(f"no object header at {address}", address)
    cursor.skip(7)
    return address + 16, cursor.number(4), False


def _second(source: Source, address: int) -> tuple[int, int, bool]:
    """Begin and length of the messages in a header of version 2, and whether each has a number."""
    cursor = source.cursor(address, min(64, source.size - address))
    cursor.skip(5)
    flags = cursor.number(1)
    cursor.skip((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    length = cursor.number(1 << (flags & 3))
    return address + cursor.at, length, bool(flags & 0x04)


def _messages(source: Source, begin: int, length: int, *, ordered: bool, second: bool) -> list[Message]:
    """The messages of one block."""
    cursor = source.cursor(begin, length)
    found = []
    prefix = (6 if ordered else 4) if second else 8
    while cursor.left >= prefix:
        type, size, flags = cursor.number(1 if second else 2), cursor.number(2), cursor.number(1)
        cursor.skip(prefix - (4 if second else 5))
        at = begin + cursor.at
        found.append(Message(type, flags, cursor.take(size), at))
    return found


def _continued(
    source: Source, messages: list[Message], seen: set[int], *, ordered: bool, second: bool
) -> list[tuple[int, int, bool]]:
    """The blocks that continue a header."""
    blocks = []
    for message in messages:
        if message.type != CONTINUATION:
            continue
        cursor = message.cursor(source)
        address, length = cursor.offset(), cursor.size()
        if address in seen:
            raise Damage("an object header continues in itself", address)
        seen.add(address)
        if second:
            source.signed(address, b"OCHK", 4)
            address, length = address + 4, length - 8
        blocks.append((address, length, ordered))
    return blocks


def shared_address(source: Source, message: Message) -> int | None:
    """Address of the object that holds a shared message, None when it is kept in a heap of such messages."""
    cursor = message.cursor(source)
    version, kind = cursor.number(1), cursor.number(1)
    if version == 1:
        cursor.skip(6)
    elif version == 3 and kind != IN_OBJECT:
        return None
    return cursor.offset()
