"""Tables of sorted keys, in which checkpoints keep where each tensor stands.

Layout: https://github.com/google/leveldb/blob/main/doc/table_format.md (footer, blocks with shared prefixes of keys);
blocks may be compressed as https://github.com/google/snappy/blob/main/format_description.txt says.
"""

from __future__ import annotations

from modelaudit.parsers.magic import varint
from modelaudit.parsers.tensorflow import FOOTER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.reader import Reader

BLOCK_MAX = 32 * 1024 * 1024  # bytes of a block, before and after it is expanded
KEY_MAX = 64 * 1024
BLOCKS_MAX = 1_000_000
TRAILER = 5  # bytes behind a block: its compression and its checksum


class TableError(ValueError):
    """The table is malformed: a code and words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def entries(reader: Reader) -> Iterator[tuple[bytes, bytes, int]]:
    """Key, value and the offset of the block of each entry, in order. Raises `TableError` where the table ends."""
    footer = reader.read_at(reader.size - FOOTER, FOOTER)
    _, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    for n, (_, value) in enumerate(_entries(_block(reader, *index))):
        if n >= BLOCKS_MAX:
            raise TableError("bad-table", f"more than {BLOCKS_MAX} blocks")
        handle, _ = _handle(value, 0)
        for key, data in _entries(_block(reader, *handle)):
            yield key, data, handle[0]


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and the place behind them."""
    offset, at = varint(data, at)
    size, at = varint(data, at)
    if at > len(data) or offset < 0 or size < 0:
        raise TableError("bad-table", "the place of a block is cut off")
    return (offset, size), at


def _block(reader: Reader, offset: int, size: int) -> bytes:
    """The content of a block, expanded."""
    if size > BLOCK_MAX:
        raise TableError("bad-table", f"a block has {size} bytes")
    data = reader.read_at(offset, size + TRAILER)
    if len(data) < size + TRAILER:
        raise TableError("bad-table", f"the block at {offset} ends beyond the file")
    compression = data[size]
    if compression == 1:
        return _snappy(data[:size])
    if compression:
        raise TableError("bad-table", f"the block at {offset} has the compression {compression}")
    return data[:size]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if len(block) < 4 or end < 0:
        raise TableError("bad-table", f"a block of {len(block)} bytes has {restarts} restarts")
    key, at = b"", 0
    while at < end:
        shared, at = varint(block, at)
        fresh, at = varint(block, at)
        length, at = varint(block, at)
        if not 0 <= shared <= len(key) or min(fresh, length) < 0 or at + fresh + length > end:
            raise TableError("bad-table", "an entry ends beyond its block")
        if shared + fresh > KEY_MAX:
            raise TableError("bad-table", f"a key has {shared + fresh} bytes")
        key = key[:shared] + block[at : at + fresh]
        at += fresh + length
        yield key, block[at - length : at]


def _snappy(data: bytes) -> bytes:
    """The bytes that a compressed block stands for."""
    size, at = varint(data, 0)
    if not 0 <= size <= BLOCK_MAX:
        raise TableError("bad-table", f"a block expands to {size} bytes")
    out = bytearray()
    while at < len(data) and len(out) <= size:
        tag = data[at]
        at = _literal(data, at, out) if tag & 3 == 0 else _copy(data, at, out, size)
    if len(out) != size:
        raise TableError("bad-table", f"a block of {size} bytes expands to {len(out)}")
    return bytes(out)


def _literal(data: bytes, at: int, out: bytearray) -> int:
    length, at = data[at] >> 2, at + 1
    if length >= 60:
        width = length - 59
        length, at = int.from_bytes(data[at : at + width], "little"), at + width
    if at + length + 1 > len(data):
        raise TableError("bad-table", "a compressed block is cut off")
    out += data[at : at + length + 1]
    return at + length + 1


def _copy(data: bytes, at: int, out: bytearray, size: int) -> int:
    tag = data[at]
    if tag & 3 == 1:
        length, offset, at = (tag >> 2 & 7) + 4, (tag >> 5 << 8) + sum(data[at + 1 : at + 2]), at + 2
    else:
        width = 2 if tag & 3 == 2 else 4
        length, offset, at = (tag >> 2) + 1, int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width
    if not 0 < offset <= len(out) or len(out) + length > size:
        raise TableError("bad-table", "a compressed block refers to bytes that are not there")
    begin = len(out) - offset
    pattern = bytes(out[begin : begin + length])
    out += (pattern * (length // len(pattern) + 1))[:length]
    return at
