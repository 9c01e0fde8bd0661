"""Compressed values that stand before the first piece of a data file: passed by their headers, not expanded."""

from __future__ import annotations

from modelaudit.engine.facts import Limit
from modelaudit.parsers.base import Nested
from modelaudit.parsers.compressed.stream import beginning, parse_stream
from modelaudit.parsers.compressed.zstd import CHECKSUM, IDS, MAGIC, RLE, SINGLE, SIZES
from modelaudit.parsers.pickle.literals import sniff
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

BLOCKS_MAX = 10_000  # that are passed: more than a gigabyte of values
SNIFFED = 64 * 1024  # bytes of content by which a file is told
HEADER = 18  # bytes of the longest header of a frame


def disguised(artifact: Input, context: Context) -> Iterator[Nested | Limit]:
    """The values as one content, when that begins like a file: other programs expand it and stop behind it."""
    reader = artifact.reader
    if reader.read_at(0, len(MAGIC)) != MAGIC:
        return
    head = beginning(reader, "zstd", SNIFFED)
    if head and sniff(head, BytesReader(head)) is not None:
        for item in parse_stream(artifact, context):
            if isinstance(item, Limit) or (isinstance(item, Nested) and item.name.startswith("content")):
                yield item


class Passage:
    """A way from value to value; `at` is where the next one may begin."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.at = 0
        self.left = BLOCKS_MAX

    def step(self) -> bool:
        """Go past one value; whether there was one."""
        head = self.reader.read_at(self.at, HEADER)
        if head[:4] != MAGIC or len(head) < 6:
            return False
        flags = head[4]
        single = bool(flags & SINGLE)
        self.at += 5 + (not single) + IDS[flags & 3] + (SIZES[flags >> 6] or int(single))
        while self.left:
            self.left -= 1
            raw = self.reader.read_at(self.at, 3)
            block = int.from_bytes(raw, "little")
            if len(raw) < 3:
                return False
            self.at += 3 + (1 if block >> 1 & 3 == RLE else block >> 3)
            if block & 1:
                self.at += 4 if flags & CHECKSUM else 0
                return True
        return False
