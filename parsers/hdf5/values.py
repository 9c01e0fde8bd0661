"""The values of chunked data sets, through the filters that the library itself has and the one of h5py, row by row.

Filters: deflate, shuffle, Fletcher's checksum (specification, IV.A.2.l), LZF (`lzf_d.c` of liblzf). What goes through
others is not read, nor are chunks and rows of chunks that are too large to be held.
"""

from __future__ import annotations

from itertools import product
from math import prod

from modelaudit.parsers.hdf5.chunks import PLAIN_EDGES, chunks
from modelaudit.parsers.hdf5.source import Damage, Spent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.hdf5.chunk_arrays import Chunk
    from modelaudit.parsers.hdf5.chunks import Chunked
    from modelaudit.parsers.hdf5.source import Source
    from modelaudit.parsers.reader import Reader

DEFLATE, SHUFFLE, FLETCHER, LZF = 1, 2, 3, 32000
KNOWN = frozenset({DEFLATE, SHUFFLE, FLETCHER, LZF})
HELD = 32 * 1024 * 1024  # bytes of a chunk, and of all chunks that hold a row
LZF_MAX = 16 * 1024 * 1024  # bytes of a data set that come out of LZF, which is slow here
LITERALS = 32


def is_readable(layout: Chunked, shape: Sequence[int], size: int, filters: Sequence[int]) -> bool:
    """Whether the values can be put together within bounds."""
    if not shape or len(shape) != len(layout.shape) or not all(layout.shape) or not all(shape):
        return False
    band = min(layout.shape[0], shape[0]) * prod(shape[1:]) * size
    return KNOWN.issuperset(filters) and band <= HELD and prod(layout.shape) * size <= HELD


class ChunkedReader:
    """The values of a data set in order; nothing more comes where the file is damaged."""

    __slots__ = (
        *("_band", "_bytes", "_each", "_filters", "_index", "_layout", "_lzf", "_number", "_reader", "_shape"),
        *("_source", "size"),
    )

    def __init__(
        self,
        reader: Reader,
        source: Source,
        layout: Chunked,
        shape: tuple[int, ...],
        each: int,
        filters: Sequence[int],
    ) -> None:
        self._reader = reader
        self._source = source
        self._layout = layout
        self._shape = shape
        self._each = each  # bytes of a value
        self._filters = filters
        self._index: dict[tuple[int, ...], Chunk] | None = None
        self._number = -1  # of the row of chunks that is held
        self._bytes = b""
        self._lzf = LZF_MAX
        self._band = min(layout.shape[0], shape[0]) * prod(shape[1:]) * each
        self.size = prod(shape) * each

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        stop = min(offset + length, self.size)
        parts: list[bytes] = []
        while 0 <= offset < stop:
            number, at = divmod(offset, self._band)
            part = self._row(number)[at : at + stop - offset]
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def window(self, offset: int, length: int = HELD) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def _row(self, number: int) -> bytes:
        if number != self._number:
            try:
                self._bytes = self._joined(number)
            except (Damage, Spent):
                self._bytes = b""
            self._number = number
        return self._bytes

    def _joined(self, number: int) -> bytes:
        """The bytes of a row of chunks."""
        import numpy as np

        layout, shape = self._layout, self._shape
        if self._index is None:
            self._index = chunks(self._source, layout, shape, prod(layout.shape) * self._each)
        first = number * layout.shape[0]
        rows = min(layout.shape[0], shape[0] - first)
        whole = np.zeros((rows, *shape[1:], self._each), np.uint8)
        grid = [range(-(-size // part)) for size, part in zip(shape[1:], layout.shape[1:], strict=True)]
        for place in product(*grid):
            chunk = self._index.get((number, *place))
            if chunk is None:  # it has the fill value, which is nobody's weight
                raise Damage("a chunk that is not stored")
            data = np.frombuffer(self._chunk(chunk, self._is_edge((number, *place))), np.uint8)
            values = data.reshape((*layout.shape, self._each))
            starts = [at * part for at, part in zip(place, layout.shape[1:], strict=True)]
            room = [min(part, size - at) for part, size, at in zip(layout.shape[1:], shape[1:], starts, strict=True)]
            target = tuple(slice(at, at + length) for at, length in zip(starts, room, strict=True))
            whole[(slice(None), *target)] = values[(slice(rows), *(slice(length) for length in room))]
        return whole.tobytes()

    def _is_edge(self, place: tuple[int, ...]) -> bool:
        """Whether a chunk reaches beyond the data set."""
        return any(
            (at + 1) * part > size for at, part, size in zip(place, self._layout.shape, self._shape, strict=True)
        )

    def _chunk(self, chunk: Chunk, edge: bool) -> bytes:
        """The bytes of a chunk without its filters."""
        wanted = prod(self._layout.shape) * self._each
        if chunk.size > 2 * HELD:
            raise Damage("a chunk that is larger than its values", chunk.address)
        data = self._reader.read_at(self._source.base + chunk.address, chunk.size)
        plain = edge and self._layout.flags & PLAIN_EDGES
        for place, step in reversed(list(enumerate(() if plain else self._filters))):
            if not chunk.mask >> place & 1:
                data = self._unfiltered(data, step, wanted)
        if len(data) < wanted:
            raise Damage("a chunk that is shorter than its values", chunk.address)
        return data[:wanted]

    def _unfiltered(self, data: bytes, step: int, wanted: int) -> bytes:
        if step == DEFLATE:
            return _inflated(data, wanted + 4)  # a checksum may stand behind the values
        if step == SHUFFLE:
            return _unshuffled(data, self._each)
        if step == FLETCHER:
            return data[:-4]
        self._lzf -= wanted
        if self._lzf < 0:
            raise Damage("more than is expanded")
        return unlzf(data, wanted + 4)


def _inflated(data: bytes, most: int) -> bytes:
    from zlib import decompressobj, error

    try:
        return decompressobj().decompress(data, most)
    except error:
        raise Damage("a chunk that does not inflate") from None


def _unshuffled(data: bytes, each: int) -> bytes:
    """Values whose first bytes stood together, then all second ones …"""
    count = len(data) // each
    out = bytearray(count * each)
    for lane in range(each):
        out[lane::each] = data[lane * count : (lane + 1) * count]
    return bytes(out) + data[count * each :]


def unlzf(data: bytes, most: int) -> bytes:
    """What LZF packed, at most so much of it; `Damage` where that is not sound."""
    out = bytearray()
    at = 0
    while at < len(data) and len(out) < most:
        control = data[at]
        at += 1
        if control < LITERALS:
            out += data[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7 and at < len(data):
            length += data[at]
            at += 1
        if at >= len(data):
            raise Damage("packed values that end early")
        begin = len(out) - ((control & 31) << 8) - data[at] - 1
        at += 1
        if begin < 0:
            raise Damage("packed values that refer to nothing")
        length += 2
        part = out[begin : begin + length]
        out += part * (length // len(part)) + part[: length % len(part)]
    return bytes(out)
