"""A single file in a compressed stream: zlib, gzip, bzip2, xz, lzma, lz4, zstd, and the ZFile of old joblib."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

    Recogniser = Callable[[bytes, Reader], bool]

# First bytes by format. They only make it worth while to try: what counts is that something comes out.
MAGICS = {
    "zlib": b"\x78",
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "lzma": b"\x5d\x00\x00",
    "lz4": b"\x04\x22\x4d\x18",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zfile": b"ZF0x",
}
ASIDE = b"\x2a\x4d\x18"  # of a frame that readers of zstd skip, behind a byte from 0x50 to 0x5f


def format_of(head: bytes) -> str | None:
    """Id of the format whose first bytes these are, or None."""
    for id, magic in MAGICS.items():
        if head.startswith(magic) and (id != "zlib" or _is_zlib(head)):
            return id
    return "zstd" if head[1:4] == ASIDE and head[0] & 0xF0 == 0x50 else None


def _is_zlib(head: bytes) -> bool:
    """Whether the check bits of a zlib header fit, and it needs no preset dictionary (RFC 1950)."""
    return len(head) >= 8 and not (head[0] << 8 | head[1]) % 31 and not head[1] & 0x20


def _recogniser(id: str) -> Recogniser:
    def recognise(head: bytes, reader: Reader) -> bool:
        if format_of(head) != id:
            return False
        from modelaudit.parsers.compressed.stream import beginning

        return bool(beginning(reader, id, 1))

    return recognise


RECOGNISERS: dict[str, Recogniser] = {id: _recogniser(id) for id in MAGICS}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The content as a nested artifact, what follows it, and what is wrong with the stream."""
    from modelaudit.parsers.compressed.stream import parse_stream

    return parse_stream(artifact, context)
