"""What a group holds: hard, soft, external and other links, in each of the ways in which they are kept."""

from __future__ import annotations

from modelaudit.parsers.hdf5.headers import LINK, LINK_INFO, SYMBOLS, Header
from modelaudit.parsers.hdf5.heaps import FractalHeap, local_heap
from modelaudit.parsers.hdf5.source import Cursor, Damage
from modelaudit.parsers.hdf5.trees import records, symbol_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.hdf5.source import Source

HARD, SOFT, EXTERNAL = 0, 1, 64
CACHED_LINK = 2  # kind of a symbol table entry that is a soft link
HASH = 4  # bytes before the id in a record that names a link
LINK_BYTES = 128 * 1024


class Link:
    """A link. `address` is set for a hard one, `file` and `target` say where others lead."""

    __slots__ = ("address", "file", "kind", "name", "target")

    def __init__(self, name: bytes, kind: int, address: int = 0, target: bytes = b"", file: bytes = b"") -> None:
        self.name = name
        self.kind = kind
        self.address = address
        self.target = target
        self.file = file


def links(source: Source, header: Header, limit: int) -> Iterator[Link]:
    """The links of a group, at most about `limit`; `Damage` where they cannot be read on."""
    for message in header.of(LINK):
        yield read_link(message.cursor(source))
    for message in header.of(SYMBOLS):
        cursor = message.cursor(source)
        yield from _symbols(source, cursor.offset(), cursor.offset(), limit)
    for message in header.of(LINK_INFO):
        yield from _dense(source, message.cursor(source), limit)


def is_group(header: Header) -> bool:
    """Whether the object is a group."""
    return any(message.type in (LINK, LINK_INFO, SYMBOLS) for message in header.messages)


def read_link(cursor: Cursor) -> Link:
    """The link of a message."""
    cursor.skip(1)
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & 0x08 else HARD
    cursor.skip((8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0))
    name = cursor.take(cursor.number(1 << (flags & 3)))
    if kind == HARD:
        return Link(name, kind, cursor.offset())
    value = cursor.take(cursor.number(2))
    if kind == SOFT:
        return Link(name, kind, target=value)
    if kind == EXTERNAL:
        file, _, target = value[1:].partition(b"\0")
        return Link(name, kind, target=target.rstrip(b"\0"), file=file)
    return Link(name, kind, target=value)


def _symbols(source: Source, tree: int, heap: int, limit: int) -> Iterator[Link]:
    """The links of an old group."""
    texts = local_heap(source, heap)
    size = 2 * source.wide + 24
    for node in symbol_nodes(source, tree, limit):
        cursor = source.signed(node, b"SNOD", 8)
        cursor.skip(2)
        count = cursor.number(2)
        entries = source.cursor(node + 8, count * size)
        for _ in range(count):
            name, address, kind = entries.offset(), entries.offset(), entries.number(4)
            entries.skip(4)
            scratch = Cursor(entries.take(16), source, node)
            written = source.string(texts + name)
            if kind == CACHED_LINK:
                yield Link(written, SOFT, target=source.string(texts + scratch.number(4)))
            else:
                yield Link(written, HARD, address)


def _dense(source: Source, cursor: Cursor, limit: int) -> Iterator[Link]:
    """The links of a large group."""
    cursor.skip(1)
    flags = cursor.number(1)
    cursor.skip(8 if flags & 1 else 0)
    heap, tree = cursor.offset(), cursor.offset()
    if source.undefined(heap) or source.undefined(tree):
        return
    objects = FractalHeap(source, heap)
    for record in records(source, tree, limit):
        if len(record) <= HASH:
            raise Damage("a tree whose records name no link", tree)
        yield read_link(Cursor(objects.get(record[HASH:], LINK_BYTES), source, heap))
