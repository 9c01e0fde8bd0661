"""Headers of native programs whose rest is none or is not there: cut off, or made to look so.

What is checked are the fixed fields alone, which chance does not have; tables and ranges may lead anywhere.
"""

from __future__ import annotations

import struct

from modelaudit.parsers.executables import Structure, elf, macho, pe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader


def header(check: str, reader: Reader, at: int) -> Structure | None:
    """The header of the program whose magic stands at `at`; `check` is named by the signature."""
    checks: dict[str, Callable[[Reader, int], Structure | None]] = {"pe": _pe, "elf": _elf, "macho": _macho}
    look = checks.get(check)
    return None if look is None else look(reader, at)


def _pe(reader: Reader, at: int) -> Structure | None:
    head = reader.read_at(at, 24 + 2)
    if len(head) < 26:
        return None
    machine, sections = struct.unpack_from("<HH", head, 4)
    length, magic = struct.unpack_from("<H2xH", head, 20)
    wide = pe.MAGIC64 if machine in pe.WIDE else pe.MAGIC32
    if machine not in pe.WIDE | pe.NARROW or not 1 <= sections <= pe.SECTIONS_MAX:
        return None
    if length < pe.OPTIONAL_MIN or magic != wide:
        return None
    start = pe.start_of(reader, at)
    return None if start is None else _told("pe", reader, start)


def _elf(reader: Reader, at: int) -> Structure | None:
    head = reader.read_at(at, 64)
    if len(head) < 64 or head[4] not in (1, 2) or head[5] not in (1, 2) or head[6] != 1 or head[7] not in elf.SYSTEMS:
        return None
    if any(head[9:16]):
        return None
    fields = elf.Header(head)
    type, machine, version = struct.unpack_from(fields.order + "HHI", head, 16)
    if not elf.OBJECT <= type <= elf.CORE or machine not in elf.MACHINES or machine == elf.CUDA or version != 1:
        return None
    return _told("elf", reader, at) if fields.is_sound(type) else None


def _macho(reader: Reader, at: int) -> Structure | None:
    head = reader.read_at(at, 28)
    if len(head) < 28:
        return None
    order, wide = macho.ORDERS[head[:4]], head[:4] in macho.WIDE
    machine, _, kind, count, size = struct.unpack_from(order + "IIIII", head, 4)
    if machine & ~macho.WIDTHS not in macho.MACHINES or bool(machine & 0x0100_0000) != wide or kind not in macho.KINDS:
        return None
    sound = 1 <= count <= macho.COMMANDS_MAX and 8 * count <= size <= macho.COMMANDS_BYTES and size % 4 == 0
    return _told("macho", reader, at) if sound else None


def _told(kind: str, reader: Reader, start: int) -> Structure:
    return Structure(kind, start, reader.size - start, whole=False)
