"""ELF and PE files in the middle of other bytes: told by their whole header, since a magic alone is chance.

Layouts: the System V ABI (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html) and the PE format
(https://learn.microsoft.com/windows/win32/debug/pe-format).
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

CUDA = 190  # machine of code for a GPU
TYPES = range(1, 5)
MACHINES = frozenset({2, 3, 8, 20, 21, 22, 40, 43, 50, 62, 183, 243, 247, 258, CUDA})
SECTIONS = 96
PE_MACHINES = frozenset({0x14C, 0x8664, 0x1C0, 0x1C4, 0xAA64, 0xEBC, 0x5032, 0x5064, 0x200})
PE_MAGICS = frozenset({0x10B, 0x20B})
DOS_MAX = 0x1000  # bytes before the header of a PE file


def elf(reader: Reader, at: int) -> str:
    """`elf` or `cubin` when an ELF file of a sound header begins at `at`, else nothing."""
    head = reader.read_at(at, 64)
    if len(head) < 64 or head[4] not in (1, 2) or head[5] not in (1, 2) or head[6] != 1:
        return ""
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2
    type, machine, version = struct.unpack_from(order + "HHI", head, 16)
    programs, sections = struct.unpack_from(order + ("QQ" if wide else "II"), head, 32 if wide else 28)
    size, each, count = struct.unpack_from(order + "HHH", head, 52 if wide else 40)
    left = reader.size - at
    sound = size == (64 if wide else 52) and (each == (56 if wide else 32) or count == 0)
    if not sound or version != 1 or programs + each * count > left or sections > left:
        return ""
    if machine == CUDA:
        return "cubin"
    return "elf" if type in TYPES and machine in MACHINES else ""


def pe(reader: Reader, at: int) -> int | None:
    """Where the PE file begins whose header stands at `at`, None when there is none."""
    header = reader.read_at(at, 26)
    if len(header) < 26:
        return None
    machine, sections = struct.unpack_from("<HH", header, 4)
    optional, magic = struct.unpack_from("<H", header, 20)[0], struct.unpack_from("<H", header, 24)[0]
    if machine not in PE_MACHINES or not 1 <= sections <= SECTIONS or optional < 0x60 or magic not in PE_MAGICS:
        return None
    before = reader.read_at(max(0, at - DOS_MAX), min(DOS_MAX, at))
    start = before.rfind(b"MZ")
    while start >= 0:
        distance = len(before) - start
        if distance >= 64 and before[start + 60 : start + 64] == struct.pack("<I", distance):
            return at - distance
        start = before.rfind(b"MZ", 0, start)
    return None
