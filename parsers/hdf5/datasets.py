"""Data sets: where their values are, how they are packed, and which other files they come from."""

from __future__ import annotations

from modelaudit.parsers.hdf5.chunks import read_chunked
from modelaudit.parsers.hdf5.datatypes import Dataspace, Datatype, message_type, read_space
from modelaudit.parsers.hdf5.headers import DATASPACE, DATATYPE, EXTERNAL, FILTERS, LAYOUT, SHARED, Header
from modelaudit.parsers.hdf5.heaps import global_object, local_heap
from modelaudit.parsers.hdf5.source import Cursor, Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.hdf5.chunks import Chunked
    from modelaudit.parsers.hdf5.source import Source

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = range(4)
NAMES = {COMPACT: "compact", CONTIGUOUS: "contiguous", CHUNKED: "chunked", VIRTUAL: "virtual"}
FILTER_NAMES = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset"}
NAMED = 256  # ids of filters from here on have a name in the file
MAPPINGS = 4 * 1024 * 1024  # bytes of the mappings of a virtual data set
SOURCES_MAX = 10_000
SHARED_FILE, SHARED_SET, SAME_FILE = 1, 2, 4  # flags of a mapping: a name that stands in an earlier one
NONE, POINTS, BLOCKS, ALL = range(4)  # kinds of selection


class Layout:
    """Where the values are. `size` is None where the layout does not say it, `address` where there are none."""

    __slots__ = ("address", "chunked", "index", "kind", "size")

    def __init__(
        self,
        kind: int,
        address: int | None = None,
        size: int | None = None,
        index: int = 0,
        chunked: Chunked | None = None,
    ) -> None:
        self.kind = kind
        self.address = address
        self.size = size
        self.index = index
        self.chunked = chunked


class Dataset:
    """A data set as its header describes it."""

    __slots__ = ("filters", "layout", "space", "steps", "type")

    def __init__(self, type: Datatype, space: Dataspace, layout: Layout, steps: tuple[int, ...]) -> None:
        self.type = type
        self.space = space
        self.layout = layout
        self.steps = steps  # ids of the filters, in the order in which they were applied
        self.filters = tuple(FILTER_NAMES.get(id, f"filter-{id}") for id in steps)

    @property
    def nbytes(self) -> int:
        """Bytes that shape and type ask for."""
        return self.space.count * self.type.size


def is_dataset(header: Header) -> bool:
    """Whether the object is a data set."""
    return header.first(LAYOUT) is not None


def read_dataset(source: Source, header: Header) -> Dataset:
    """The data set of a header."""
    space, type, layout = header.first(DATASPACE), header.first(DATATYPE), header.first(LAYOUT)
    if space is None or type is None or layout is None:
        raise Damage("a data set without type or shape", header.address)
    if space.flags & SHARED or layout.flags & SHARED:
        raise Damage("a data set in shared messages is not read", header.address)
    filters = [id for message in header.of(FILTERS) for id in _filters(message.cursor(source))]
    extent, place = read_space(space.cursor(source)), _layout(source, layout.cursor(source))
    if place.chunked is not None:
        place.chunked.most = extent.most
    return Dataset(message_type(source, type), extent, place, tuple(filters))


def _layout(source: Source, cursor: Cursor) -> Layout:
    version = cursor.number(1)
    if version in (1, 2):
        return _old_layout(source, cursor)
    if version not in (3, 4, 5):
        raise Damage(f"layout version {version} is not known", cursor.address)
    kind = cursor.number(1)
    if kind == COMPACT:
        size = cursor.number(2)
        return Layout(kind, cursor.address + cursor.at, size)
    if kind == CONTIGUOUS:
        address, size = cursor.offset(), cursor.size()
        return Layout(kind, None if source.undefined(address) else address, size)
    if kind == VIRTUAL:
        return Layout(kind, cursor.offset(), index=cursor.number(4))
    if kind != CHUNKED:
        raise Damage(f"layout class {kind} is not known", cursor.address)
    return Layout(kind, chunked=read_chunked(cursor, version))


def _old_layout(source: Source, cursor: Cursor) -> Layout:
    rank, kind = cursor.number(1), cursor.number(1)
    cursor.skip(5)
    if kind == COMPACT:
        cursor.skip(4 * rank)
        size = cursor.number(4)
        return Layout(kind, cursor.address + cursor.at, size)
    if kind not in (CONTIGUOUS, CHUNKED):
        raise Damage(f"layout class {kind} is not known", cursor.address)
    address = cursor.offset()
    return Layout(kind, None if source.undefined(address) else address)


def _filters(cursor: Cursor) -> Iterator[int]:
    """The ids of the filters that values go through."""
    version, count = cursor.number(1), cursor.number(1)
    cursor.skip(6 if version == 1 else 0)
    for _ in range(count):
        id = cursor.number(2)
        length = cursor.number(2) if version == 1 or id >= NAMED else 0
        cursor.skip(2)
        values = cursor.number(2)
        cursor.skip(length)
        cursor.skip(4 * values + (4 if version == 1 and values % 2 else 0))
        yield id


def external_files(source: Source, header: Header) -> Iterator[bytes]:
    """The files that hold the values of a data set with external storage."""
    for message in header.of(EXTERNAL):
        cursor = message.cursor(source)
        cursor.skip(6)
        used, heap = cursor.number(2), cursor.offset()
        texts = local_heap(source, heap)
        for _ in range(used):
            yield source.string(texts + cursor.size())
            cursor.skip(2 * source.long)


def virtual_sources(source: Source, layout: Layout) -> Iterator[bytes]:
    """The files that a virtual data set is made of; `.` is the file itself."""
    if layout.address is None or source.undefined(layout.address):
        return
    data, _size = global_object(source, layout.address, layout.index, MAPPINGS)
    cursor = Cursor(data, source, layout.address)
    version = cursor.number(1)
    if version > 1:
        raise Damage("mappings of a version that is not known", layout.address)
    seen: set[bytes] = set()
    for _ in range(min(cursor.size(), SOURCES_MAX)):
        name = _mapping(cursor, version)
        if name is not None and name not in seen:
            seen.add(name)
            yield name


def _mapping(cursor: Cursor, version: int) -> bytes | None:
    """The file of one mapping, None when it is this file or one that was named before."""
    flags = cursor.number(1) if version else 0
    name = None
    if flags & SHARED_FILE:
        cursor.size()
    elif not flags & SAME_FILE:
        name = cursor.string()
    if flags & SHARED_SET:
        cursor.size()
    else:
        cursor.string()
    _selection(cursor)
    _selection(cursor)
    return name


def _selection(cursor: Cursor) -> None:
    """Pass over a selection of elements."""
    kind, version = cursor.number(4), cursor.number(4)
    if kind in (NONE, ALL):
        cursor.skip(8)
    elif kind == BLOCKS and version >= 2:
        _regular(cursor, version)
    elif kind in (POINTS, BLOCKS) and version == 1:
        cursor.skip(4)
        length = cursor.number(4)
        cursor.skip(length)
    else:
        raise Damage("a selection that is not known", cursor.address)


def _regular(cursor: Cursor, version: int) -> None:
    """Pass over a selection of blocks in versions 2 and 3."""
    flags = cursor.number(1)
    if version == 2:
        length = cursor.number(4)
        cursor.skip(length)
        return
    width, rank = cursor.number(1), cursor.number(4)
    blocks = 0 if flags & 1 else cursor.number(width)
    cursor.skip(4 * rank * width if flags & 1 else 2 * rank * width * blocks)
