"""PE files: programs and libraries of Windows.

Layout: https://learn.microsoft.com/windows/win32/debug/pe-format.
"""

from __future__ import annotations

import struct

from modelaudit.parsers.executables import Structure, spend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

MACHINES = frozenset({0x14C, 0x8664, 0x1C0, 0x1C4, 0xAA64, 0x5032, 0x5064, 0x200, 0xEBC})
WIDE = frozenset({0x8664, 0xAA64, 0x5064, 0x200})  # machines whose optional header is the long one
NARROW = frozenset({0x14C, 0x1C0, 0x1C4, 0x5032})
MAGIC32, MAGIC64 = 0x10B, 0x20B
SECTIONS_MAX = 96
OPTIONAL_MIN = 0x60
DOS_MAX = 64 * 1024  # bytes before the header in which the file's beginning is looked for
SMALL = 8 * 1024 * 1024  # bytes in which it is looked for everywhere: a beginning may stand as far away as one likes
DOS = 64  # bytes of the oldest header, into which the other one may be folded
SECTION = 40  # bytes of one row of the section table
PRINTABLE = bytes(range(0x20, 0x7F))


def pe(reader: Reader, at: int) -> Structure | None:
    """The PE file whose header `PE` stands at `at`."""
    header = reader.read_at(at, 24)
    if len(header) < 24:
        return None
    machine, sections = struct.unpack_from("<HH", header, 4)
    length = struct.unpack_from("<H", header, 20)[0]
    if machine not in MACHINES or not 1 <= sections <= SECTIONS_MAX or length < OPTIONAL_MIN:
        return None
    start = start_of(reader, at)
    optional = reader.read_at(at + 24, length)
    if start is None or len(optional) < length:
        return None
    table = reader.read_at(at + 24 + length, sections * SECTION)
    return _whole(reader.size - start, machine, optional, table, sections, at + 24 + length - start, start)


def start_of(reader: Reader, at: int) -> int | None:
    """Where the file begins that says that its header stands at `at`."""
    most = at if reader.size <= SMALL else min(DOS_MAX, at)
    data = reader.read_at(at - most, most + DOS)
    before = data[:most]
    spend(reader, before.count(b"MZ"))
    found = before.rfind(b"MZ")
    while found >= 0:
        distance = len(before) - found
        if data[found + 60 : found + 64] == struct.pack("<I", distance):
            return at - distance
        found = before.rfind(b"MZ", 0, found)
    return None


def _whole(
    room: int, machine: int, optional: bytes, table: bytes, sections: int, behind: int, start: int
) -> Structure | None:
    """The file, when its headers and all of its sections are sound and stand within `room` bytes."""
    magic, entry = struct.unpack_from("<H", optional)[0], struct.unpack_from("<I", optional, 16)[0]
    alignment, file_alignment = struct.unpack_from("<II", optional, 32)
    headers = struct.unpack_from("<I", optional, 60)[0]
    fits = magic == (MAGIC64 if machine in WIDE else MAGIC32) if machine in WIDE | NARROW else True
    if not fits or magic not in (MAGIC32, MAGIC64) or len(table) < sections * SECTION:
        return None
    if not _power(file_alignment, 16, 65536) or not _power(alignment, file_alignment, 1 << 26):
        return None
    if not behind <= headers <= room:
        return None
    end = _sections(table, room)
    if end is None or not _enters(table, entry):
        return None
    return Structure("pe", start, max(end, behind + sections * SECTION))


def _power(value: int, least: int, most: int) -> bool:
    return least <= value <= most and value & (value - 1) == 0


def _sections(table: bytes, room: int) -> int | None:
    """Where the last section ends; None when one is not sound."""
    end = 0
    for row in range(0, len(table), SECTION):
        name = table[row : row + 8].rstrip(b"\0")
        size, place = struct.unpack_from("<II", table, row + 16)
        if not name or name.translate(None, PRINTABLE) or (size and place + size > room):
            return None
        end = max(end, place + size if size else 0)
    return end


def _enters(table: bytes, entry: int) -> bool:
    """Whether the entry point stands in a section; a library may have none."""
    if not entry:
        return True
    for row in range(0, len(table), SECTION):
        size, begin, raw = struct.unpack_from("<III", table, row + 8)
        if begin <= entry < begin + max(size, raw):
            return True
    return False
