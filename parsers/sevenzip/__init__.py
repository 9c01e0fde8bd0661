"""7z archives.

Layout: 7zFormat.txt and Methods.txt of the LZMA SDK (https://github.com/ip7z/7zip/tree/main/DOC).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MAGIC = b"7z\xbc\xaf\x27\x1c"
START = 32  # bytes of the header at the start


def beginning(head: bytes) -> int | None:
    """Offset of the archive: 0, or behind bytes that belong to something else when its header's checksum is right."""
    at = head.find(MAGIC)
    while at > 0:
        from zlib import crc32

        raw = head[at : at + START]
        if len(raw) == START and crc32(raw[12:]) == int.from_bytes(raw[8:12], "little"):
            return at
        at = head.find(MAGIC, at + 1)
    return 0 if at == 0 else None


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether an archive begins among the first bytes."""
    return beginning(head) is not None


RECOGNISERS = {"7z": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The members, their content as nested artifacts, and what is wrong with the archive."""
    from modelaudit.parsers.sevenzip.archive import parse_archive

    return parse_archive(artifact, context)
