"""Sections of MLIR bytecode: texts, names of operators, and where each attribute stands."""

from __future__ import annotations

from array import array

from modelaudit.parsers.cursor import Break
from modelaudit.parsers.mlir import MARK
from modelaudit.parsers.mlir.bytes import BAD, Bytes
from modelaudit.parsers.notes import FileBudget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.notes import Notes
    from modelaudit.parsers.reader import Reader

STRINGS, DIALECTS, ATTRIBUTES, OFFSETS, IR = range(5)
VERSIONED, LAZY, USES, ELIDED, PROPERTIES = range(1, 6)  # versions in which something became part of the format
NEWEST = 6
HEAD = 4096  # bytes before the first section: the producer's name
SECTION = 32 * 1024 * 1024  # bytes of a section that are held
ENTRIES = 2_000_000  # texts, operators or attributes
ALIGNED = 0x80
MOST = 2**32  # as a number of a text or dialect: more than there are


class Header:
    """Version and producer of a program, and where its sections stand."""

    def __init__(self, reader: Reader) -> None:
        head = Bytes(reader.read_at(0, HEAD))
        head.take(len(MARK))
        self.version = head.number()
        end = head.data.find(b"\0", head.at)
        if end < 0:
            raise head.broken("the producer's name has no end")
        self.producer = head.data[head.at : end]
        self.sections: dict[int, tuple[int, int]] = {}
        at = end + 1
        while at < reader.size:
            at = self._section(reader, at)

    def _section(self, reader: Reader, at: int) -> int:
        """Note a section; where the next one begins."""
        head = Bytes(reader.read_at(at, 24), at)
        kind, size = head.byte(), head.number()
        begin = at + head.at
        if kind & ALIGNED:
            alignment = head.number()
            begin = at + head.at
            begin += -begin % alignment if 0 < alignment <= reader.size else 0
        if size > reader.size - begin:
            raise Break(BAD, f"a section of {size} bytes, {max(reader.size - begin, 0)} are there", at)
        self.sections.setdefault(kind & ~ALIGNED, (begin, size))
        return begin + size


class Tables:
    """What the operators of a program refer to by number."""

    def __init__(self, notes: Notes, header: Header) -> None:
        self.notes = notes
        self.reader = notes.reader
        self.header = header
        self.strings = self._strings(self.section(STRINGS))
        self.dialects: list[str] = []
        self._names = array("Q")  # numbers of dialect and name of each operator
        self._dialects(self.section(DIALECTS))
        self._attributes = array("Q")  # number of the dialect, place, size with a bit for the dialect's own encoding
        self._offsets(self.section(OFFSETS))

    def section(self, kind: int) -> Bytes:
        """The bytes of a section."""
        if kind not in self.header.sections:
            raise Break(BAD, f"the section {kind} is missing", 0)
        begin, size = self.header.sections[kind]
        if size > SECTION:
            raise FileBudget("size", size, SECTION)
        return Bytes(self.reader.read_at(begin, size), begin)

    def count(self, section: Bytes) -> int:
        """A number of entries, each of which takes a byte or more."""
        count = section.number()
        if count > section.left:
            raise section.broken(f"{count} entries are told, {section.left} bytes are there")
        if count > ENTRIES:
            raise FileBudget("entries", count, ENTRIES)
        self.notes.context.check()
        return count

    def text(self, number: int) -> bytes:
        """A text by its number, empty when there is none."""
        return self.strings[number] if number < len(self.strings) else b""

    def name(self, number: int) -> tuple[str, str] | None:
        """Dialect and name of an operator by its number."""
        if number >= len(self._names) // 2:
            return None
        dialect, word = self._names[2 * number : 2 * number + 2]
        return self.dialects[dialect], self._word(word)

    def attribute(self, number: int) -> tuple[str, int, int, bool]:
        """Dialect, place and size of an attribute, and whether the dialect has its own encoding for it."""
        if number >= len(self._attributes) // 3:
            return "", 0, 0, False
        dialect, at, size = self._attributes[3 * number : 3 * number + 3]
        return self.dialects[dialect] if dialect < len(self.dialects) else "", at, size >> 1, bool(size & 1)

    def _strings(self, section: Bytes) -> list[bytes]:
        """The texts: their lengths from the last to the first, then all of them, each with a zero behind it."""
        sizes = [section.number() for _ in range(self.count(section))]
        return [section.take(size)[:-1] for size in reversed(sizes)]

    def _word(self, number: int) -> str:
        return self.text(number)[:256].decode("utf-8", "replace")

    def _dialects(self, section: Bytes) -> None:
        """Dialects, then names of operators by dialect."""
        version = self.header.version
        for _ in range(self.count(section)):
            number, versioned = section.flagged() if version >= VERSIONED else (section.number(), False)
            self.dialects.append(self._word(number))
            if versioned:
                section.byte()
                section.take(section.number())
        if version >= ELIDED:
            section.number()
        while section.left:
            dialect = self.dialect(section)
            for _ in range(self.count(section)):
                number = section.flagged()[0] if version >= PROPERTIES else section.number()
                self._names.extend((dialect, min(number, MOST)))

    def dialect(self, section: Bytes) -> int:
        """The number of a dialect, which comes next."""
        number = section.number()
        if number >= len(self.dialects):
            raise section.broken(f"the dialect {number} of {len(self.dialects)} is named")
        return number

    def _offsets(self, section: Bytes) -> None:
        """Where each attribute stands; types come behind them."""
        begin, size = self.header.sections.get(ATTRIBUTES, (0, 0))
        at, end = begin, begin + size
        count = section.number()
        section.number()
        while len(self._attributes) // 3 < count:
            dialect = min(section.number(), MOST)
            for _ in range(self.count(section)):
                length, own = section.flagged()
                if at + length > end:
                    raise section.broken("an attribute ends beyond its section")
                self._attributes.extend((dialect, at, length << 1 | own))
                at += length
            if len(self._attributes) // 3 > ENTRIES:
                raise FileBudget("entries", len(self._attributes) // 3, ENTRIES)
