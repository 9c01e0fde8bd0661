"""ELF files: programs, libraries and objects of Linux and others, and code for GPUs.

Layout: System V ABI, https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html.
"""

from __future__ import annotations

import struct

from modelaudit.parsers.executables import Structure, spend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

CUDA = 190  # machine of code for a GPU
SYSTEMS = frozenset({*range(19), 51, 64, 65, 97, 255})
OBJECT, CORE = 1, 4  # types
MACHINES = frozenset(
    {2, 3, 4, 5, 6, 7, 8, 10, 15, 18, 20, 21, 22, 40, 41, 42, 43, 50, 62, 83, 93, 94, 105, 106, 164, 183, 189, CUDA}
    | {191, 195, 224, 243, 247, 252, 258, 0x9026}
)
LOAD = 1  # kind of a segment


class Header:
    """The fields of the header that are checked."""

    __slots__ = ("count", "each", "order", "programs", "section", "sections", "sections_count", "size", "wide")

    each: int
    count: int
    programs: int
    section: int
    sections: int
    sections_count: int
    size: int

    def __init__(self, head: bytes) -> None:
        self.wide = head[4] == 2
        self.order = "<" if head[5] == 1 else ">"
        form = self.order + ("QQ" if self.wide else "II")
        self.programs, self.sections = struct.unpack_from(form, head, 32 if self.wide else 28)
        rest = struct.unpack_from(self.order + "HHHHH", head, 52 if self.wide else 40)
        self.size, self.each, self.count, self.section, self.sections_count = rest

    def is_sound(self, type: int) -> bool:
        """Whether the sizes of header and tables are those of the class."""
        if self.size != (64 if self.wide else 52):
            return False
        if self.count == 0:
            return type == OBJECT and bool(self.sections) and self.sections_count > 0
        return self.each == (56 if self.wide else 32)

    def end(self) -> int:
        """Where the tables end."""
        sections = self.sections + self.section * self.sections_count if self.sections else 0
        return max(self.size, self.programs + self.each * self.count if self.count else 0, sections)


def elf(reader: Reader, at: int) -> Structure | None:
    """The ELF file that begins at `at`; its kind is `cubin` when it is for a GPU."""
    head = reader.read_at(at, 64)
    if len(head) < 64 or head[4] not in (1, 2) or head[5] not in (1, 2) or head[6] != 1 or head[7] not in SYSTEMS:
        return None
    header = Header(head)
    type, machine, version = struct.unpack_from(header.order + "HHI", head, 16)
    if not OBJECT <= type <= CORE and machine != CUDA:
        return None
    room = reader.size - at
    if machine not in MACHINES or version != 1 or not header.is_sound(type) or header.end() > room:
        return None
    end = _segments(reader, at, header, room)
    if end is None or (header.sections and not _sections(reader, at, header)):
        return None
    return Structure("cubin" if machine == CUDA else "elf", at, max(end, header.end()))


def _segments(reader: Reader, at: int, header: Header, room: int) -> int | None:
    """Where the last loaded segment ends; None when none is loaded or one is not sound."""
    if not header.count:
        return 0
    table = reader.read_at(at + header.programs, header.each * header.count)
    spend(reader, header.count)
    end = loaded = 0
    for row in range(0, len(table), header.each):
        kind = struct.unpack_from(header.order + "I", table, row)[0]
        form, place = (header.order + "QQQQQ", row + 8) if header.wide else (header.order + "IIIII", row + 4)
        offset, _, _, stored, needed = struct.unpack_from(form, table, place)
        if kind == LOAD:
            if stored > needed or offset + stored > room:
                return None
            loaded += 1
            end = max(end, offset + stored)
    return end if loaded else None


def _sections(reader: Reader, at: int, header: Header) -> bool:
    """Whether the table of sections begins with the empty one, as it has to."""
    if not header.sections_count:
        return True
    if header.section != (64 if header.wide else 40):
        return False
    return not any(reader.read_at(at + header.sections, 8))
