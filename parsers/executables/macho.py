"""Mach-O files, for one machine or for several: programs and libraries of macOS and iOS.

Layout: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h and fat.h beside it.
"""

from __future__ import annotations

import struct

from modelaudit.parsers.executables import Structure, spend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

ORDERS = {b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<"}
WIDE = frozenset({b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe"})
MACHINES = frozenset({1, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 18})  # without the bits for 64 and for mixed widths
WIDTHS = 0x0300_0000
KINDS = range(1, 13)
COMMANDS_MAX = 4096
COMMANDS_BYTES = 16 * 1024 * 1024
SEGMENTS = {1: (32, "II", 56), 0x19: (40, "QQ", 72)}  # command to where offset and size stand, and its least size
FAT64 = b"\xca\xfe\xba\xbf"
SLICES = 20


def macho(reader: Reader, at: int) -> Structure | None:
    """The file for one machine that begins at `at`."""
    head = reader.read_at(at, 28)
    if len(head) < 28:
        return None
    order, wide = ORDERS[head[:4]], head[:4] in WIDE
    machine, _, kind, count, size = struct.unpack_from(order + "IIIII", head, 4)
    if machine & ~WIDTHS not in MACHINES or bool(machine & 0x0100_0000) != wide or kind not in KINDS:
        return None
    if not 1 <= count <= COMMANDS_MAX or not 8 * count <= size <= COMMANDS_BYTES:
        return None
    start = at + (32 if wide else 28)
    commands = reader.read_at(start, size)
    spend(reader, count)
    end = _commands(commands, count, size, order, reader.size - at)
    return None if end is None else Structure("macho", at, max(end, start + size - at))


def _commands(commands: bytes, count: int, size: int, order: str, room: int) -> int | None:
    """Where the last segment ends; None when the commands do not fill their room, or a segment leaves the file."""
    if len(commands) < size:
        return None
    at = end = 0
    for _ in range(count):
        if at + 8 > size:
            return None
        command, length = struct.unpack_from(order + "II", commands, at)
        if length < 8 or length % 4 or at + length > size:
            return None
        if command in SEGMENTS:
            place, form, least = SEGMENTS[command]
            if length < least:
                return None
            offset, stored = struct.unpack_from(order + form, commands, at + place)
            if offset + stored > room:
                return None
            end = max(end, offset + stored)
        at += length
    return end if at == size else None


def fat(reader: Reader, at: int) -> Structure | None:
    """The file for several machines that begins at `at`: each slice is sound in itself."""
    head = reader.read_at(at, 8)
    if len(head) < 8:
        return None
    wide = head[:4] == FAT64
    count = int.from_bytes(head[4:], "big")
    if not 1 <= count <= SLICES:
        return None
    form, each = (">IIQQII", 32) if wide else (">IIIII", 20)
    table = reader.read_at(at + 8, each * count)
    if len(table) < each * count:
        return None
    end = 0
    for row in range(0, each * count, each):
        offset, size = struct.unpack_from(form, table, row)[2:4]
        inner = _slice(reader, at + offset) if offset >= 8 + each * count else None
        if inner is None or inner.size > size or at + offset + size > reader.size:
            return None
        end = max(end, offset + size)
    return Structure("macho-fat", at, end)


def _slice(reader: Reader, at: int) -> Structure | None:
    return macho(reader, at) if reader.read_at(at, 4) in ORDERS else None
