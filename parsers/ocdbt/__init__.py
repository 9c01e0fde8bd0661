"""OCDBT, the store of key and value that Orbax keeps arrays in: its manifest, its data files, and shards of Zarr.

The layout is that of https://google.github.io/tensorstore/kvstore/ocdbt/index.html (Storage format); shards are those
of https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html. Checksums are passed over: what a
loader would refuse for them is read all the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MANIFEST, NODE, VERSIONS = b"\x0c\xdb\x3a\x2a", b"\x0c\xdb\x20\xde", b"\x0c\xdb\x12\x34"
MAGICS = (MANIFEST, NODE, VERSIONS)
PLAIN, ZSTD = 0, 1  # how the body of a piece is compressed
HEADER = 14  # magic, length, version, compression
FOOTER = 4  # a checksum
TAIL = 256 * 1024  # bytes at the end of a data file in which its last piece is looked for


def piece_size(head: bytes, left: int) -> int:
    """How many bytes a piece says that it has, 0 when none begins here; `left` are the bytes up to the end."""
    size = int.from_bytes(head[4:12], "little")
    sound = head[:4] in MAGICS and head[12:14] in (b"\0\0", b"\0\1")
    return size if sound and HEADER + FOOTER <= size <= left else 0


def recognise_ocdbt(head: bytes, reader: Reader) -> bool:
    """Whether a piece of the store begins at the start, ends at the end, or stands behind compressed values."""
    if head[:4] in MAGICS:
        return head[12:14] in (b"\0\0", b"\0\1")
    return _ends_in_piece(reader) or _follows_values(reader)


def _ends_in_piece(reader: Reader) -> bool:
    start = max(0, reader.size - TAIL)
    tail = reader.read_at(start, TAIL)
    at = len(tail)
    while (at := tail.rfind(b"\x0c\xdb", 0, at)) >= 0:
        if piece_size(tail[at : at + HEADER], len(tail) - at) == len(tail) - at:
            return True
    return False


def _follows_values(reader: Reader) -> bool:
    from modelaudit.parsers.ocdbt.values import Passage

    passage = Passage(reader)
    while passage.step():
        if passage.at >= reader.size:
            return False
        if piece_size(reader.read_at(passage.at, HEADER), reader.size - passage.at):
            return True
    return False


def recognise_shard(head: bytes, reader: Reader) -> bool:
    """Whether the bytes end in an index of chunks that lie one behind the other before it."""
    from modelaudit.parsers.ocdbt.shard import chunks

    return chunks(reader) is not None


RECOGNISERS = {"ocdbt": recognise_ocdbt, "zarr-shard": recognise_shard}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Arrays with their codecs, files that are named, texts; what compressed values are when they are no numbers."""
    from modelaudit.parsers.ocdbt.values import disguised

    yield from disguised(artifact, context)
    if artifact.format != "zarr-shard":
        from modelaudit.parsers.ocdbt.store import parse_store

        yield from parse_store(artifact, context)
