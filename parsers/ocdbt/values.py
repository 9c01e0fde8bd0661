"""Compressed values that stand before the first piece of a data file: passed by their headers, not expanded."""

from __future__ import annotations

from modelaudit.parsers.compressed.zstd import CHECKSUM, IDS, MAGIC, RLE, SINGLE, SIZES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

BLOCKS_MAX = 10_000  # that are passed: more than a gigabyte of values
HEADER = 18  # bytes of the longest header of a frame


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
