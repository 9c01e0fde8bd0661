"""Arrays of chunks: fixed arrays and extensible ones (specification, VII.C and VII.D), entry by entry.

An extensible array has its first entries in the index block, the next in data blocks that the index block names, and
the rest in data blocks under secondary blocks; blocks grow by a rule that the head of the array fixes.
"""

from __future__ import annotations

from modelaudit.parsers.hdf5.source import Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.hdf5.source import Cursor, Source

LARGEST = 1024 * 1024 * 1024  # bytes of a block
BITS_MAX = 63
ABOUT = 6  # bytes of signature, version and kind
SUM = 4  # bytes of a checksum


class Chunk:
    """The stored bytes of a chunk; a set bit of the mask says that a filter was not applied."""

    __slots__ = ("address", "mask", "size")

    def __init__(self, address: int, size: int, mask: int) -> None:
        self.address = address
        self.size = size
        self.mask = mask


class _Entries:
    """How an entry is stored; `each` is the size of a chunk before its filters."""

    def __init__(self, source: Source, head: Cursor, each: int) -> None:
        self.source = source
        self.each = each
        head.skip(1)
        self.filtered, self.entry = head.number(1), head.number(1)
        least = source.wide + (5 if self.filtered else 0)
        if self.entry < least:
            raise Damage(f"an array of chunks with entries of {self.entry} bytes", head.address)

    def at(self, address: int) -> Chunk | None:
        """The chunk of an entry, None for one that is not stored."""
        cursor = self.source.cursor(address, self.entry)
        start = cursor.offset()
        if self.source.undefined(start):
            return None
        wide = self.entry - self.source.wide - 4
        return Chunk(start, *((cursor.number(wide), cursor.number(4)) if self.filtered else (self.each, 0)))


class FixedArray:
    """The entries of a fixed array, which may stand in pages."""

    def __init__(self, source: Source, address: int, each: int) -> None:
        head = source.signed(address, b"FAHD", 8 + source.long + source.wide)
        self.entries = _Entries(source, head, each)
        bits = head.number(1)
        self.total, block = head.size(), head.offset()
        if source.undefined(block) or bits > BITS_MAX:
            self.total = 0
            return
        source.signed(block, b"FADB", ABOUT + source.wide)
        self.page = 1 << bits
        self.pages = -(-self.total // self.page) if self.total > self.page else 0
        if self.total * self.entries.entry > LARGEST:
            raise Damage("a fixed array without an end", block)
        self.begin = block + ABOUT + source.wide + (-(-self.pages // 8) + SUM if self.pages else 0)

    def chunk(self, number: int) -> Chunk | None:
        """The chunk of a number, None when it is not stored."""
        if number >= self.total:
            return None
        sums = number // self.page * SUM if self.pages else 0  # a checksum behind each page
        return self.entries.at(self.begin + number * self.entries.entry + sums)


class ExtensibleArray:
    """The entries of an extensible array."""

    def __init__(self, source: Source, address: int, each: int) -> None:
        head = source.signed(address, b"EAHD", 12 + 6 * source.long + source.wide)
        self.source = source
        self.entries = _Entries(source, head, each)
        self.bits, self.direct, self.least, self.pointers = (head.number(1) for _ in range(4))
        page_bits = head.number(1)
        head.skip(6 * source.long)
        self.index = head.offset()
        sound = self.least and not self.least & self.least - 1 and self.pointers and page_bits <= BITS_MAX
        if not sound or self.pointers & self.pointers - 1 or self.bits > BITS_MAX:
            raise Damage("an extensible array whose blocks have no sizes", address)
        self.page = 1 << page_bits
        self.wide = (self.bits + 7) // 8  # bytes of the place of a block
        if not source.undefined(self.index):
            source.signed(self.index, b"EAIB", ABOUT + source.wide)

    def chunk(self, number: int) -> Chunk | None:
        """The chunk of a number, None when it is not stored."""
        if self.source.undefined(self.index):
            return None
        begin = self.index + ABOUT + self.source.wide
        if number < self.direct:
            return self.entries.at(begin + number * self.entries.entry)
        begin += self.direct * self.entries.entry
        group, block, at = self._place(number - self.direct)
        named = 2 * (self.pointers - 1)  # data blocks that the index block names
        groups = 2 * (self.pointers.bit_length() - 1)  # groups that these make
        length = self.least << (group + 1) // 2  # entries of a data block
        if group < groups:
            before = sum(1 << one // 2 for one in range(group))
            return self._entry(self._address(begin + (before + block) * self.source.wide), length, at)
        second = self._address(begin + (named + group - groups) * self.source.wide)
        return None if second is None else self._second(second, group, block, length, at)

    def _place(self, number: int) -> tuple[int, int, int]:
        """The group of data blocks, the block in it, and the entry in that."""
        for group in range(2 * BITS_MAX):
            length = self.least << (group + 1) // 2
            count = 1 << group // 2
            if number < length * count:
                return group, *divmod(number, length)
            number -= length * count
        raise Damage("an entry beyond every array", self.index)

    def _address(self, where: int) -> int | None:
        address = self.source.cursor(where, self.source.wide).offset()
        return None if self.source.undefined(address) else address

    def _second(self, address: int, group: int, block: int, length: int, at: int) -> Chunk | None:
        """An entry under a secondary block, which says which pages are written."""
        self.source.signed(address, b"EASB", ABOUT + self.source.wide + self.wide)
        begin = address + ABOUT + self.source.wide + self.wide
        if length > self.page:
            each = -(-(length // self.page) // 8)  # bytes of the marks of a block
            page = at // self.page
            marks = self.source.read(begin + block * each + page // 8, 1)[0]
            if not marks & 0x80 >> page % 8:
                return None
            begin += each << group // 2
        return self._entry(self._address(begin + block * self.source.wide), length, at)

    def _entry(self, address: int | None, length: int, at: int) -> Chunk | None:
        """An entry of a data block."""
        if address is None:
            return None
        self.source.signed(address, b"EADB", ABOUT + self.source.wide + self.wide)
        begin = address + ABOUT + self.source.wide + self.wide
        if length > self.page:
            begin += SUM + at // self.page * SUM
        return self.entries.at(begin + at * self.entries.entry)
