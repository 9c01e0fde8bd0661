"""Code of virtual machines and compilers: Java, Android, WebAssembly, Python, Lua, LLVM, CUDA.

Layouts: https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html, https://source.android.com/docs/core/runtime/dex-format,
https://webassembly.github.io/spec/core/binary/modules.html, PEP 552 and Python/marshal.c of CPython, ldump.c of Lua,
https://llvm.org/docs/BitCodeFormat.html, and fatbinary_section.h of CUDA.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from modelaudit.parsers.executables import Structure, spend
from modelaudit.parsers.magic import varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

JAVA_STEPS = (4096, 256 * 1024, 16 * 1024 * 1024)  # bytes of a pool of constants that are looked at, one after another
JAVA_MAJOR = range(45, 71)
POOL = {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3}
TWICE = frozenset({5, 6})  # constants that take two numbers
CLASS, UTF8 = 7, 1
DEX_HEADER = 0x70
ENDIAN = 0x12345678
DEX_PART = 12  # bytes of a row in the list of parts
DEX_PARTS = frozenset({*range(9), *range(0x1000, 0x1004), *range(0x2000, 0x2007), 0xF000})
DEX_MAP = 0x1000  # the part that is this list
WASM_SECTIONS = range(14)
SECTIONS_MAX = 1000  # that are walked; chance has not so many
PYTHON = range(3000, 3700)  # magic numbers of 3.0 and later
PYTHON_OLD = frozenset({62211})  # of 2.7
LUA_DATA = b"\x19\x93\r\n\x1a\n"
INSTRUCTIONS = ord("s")  # they are bytes, behind five or six counts
BLOCKS = frozenset({8, 13})  # that bitcode begins with: a module, an identification


def java(reader: Reader, at: int) -> Structure | None:
    """The class file that begins at `at`; its pool of constants is walked to its end."""
    head = reader.read_at(at, 10)
    if len(head) < 10:
        return None
    minor, major, count = struct.unpack_from(">HHH", head, 4)
    if major not in JAVA_MAJOR or count < 4 or (minor not in (0, 65535) and major > 45):
        return None
    kinds, end = _constants(reader, at + 10, count)
    tail = reader.read_at(at + 10 + end, 8) if end else b""
    if len(tail) < 8:
        return None
    _, this, parent, interfaces = struct.unpack(">HHHH", tail)
    if kinds.get(this) != CLASS or (parent and kinds.get(parent) != CLASS):
        return None
    return Structure("java", at, 10 + end + 8 + 2 * interfaces)


def _constants(reader: Reader, at: int, count: int) -> tuple[dict[int, int], int]:
    """The kind of each constant of a pool, and how many bytes it has; 0 when it is none."""
    kinds: dict[int, int] = {}
    for length in JAVA_STEPS:
        data = reader.read_at(at, length)
        kinds, end = _pool(data, count)
        spend(reader, len(kinds))
        if end >= 0:
            return kinds, end
        if len(data) < length:
            break
    return kinds, 0


def _pool(data: bytes, count: int) -> tuple[dict[int, int], int]:
    """The kind of each constant, and where the pool ends; 0 when it is none, -1 when it goes on behind the bytes."""
    kinds: dict[int, int] = {}
    at, number = 0, 1
    while number < count:
        if at + 3 > len(data):
            return kinds, -1
        kind = data[at]
        if kind != UTF8 and kind not in POOL:
            return kinds, 0
        at += 3 + int.from_bytes(data[at + 1 : at + 3], "big") if kind == UTF8 else POOL[kind]
        kinds[number] = kind
        number += 2 if kind in TWICE else 1
    return kinds, at if at <= len(data) else -1


def dex(reader: Reader, at: int) -> Structure | None:
    """The DEX file that begins at `at`, by the list of its parts, which names and orders all of them."""
    head = reader.read_at(at, DEX_HEADER)
    if len(head) < DEX_HEADER or head[7] or not head[4:7].isdigit():
        return None
    size, length, order = struct.unpack_from("<III", head, 32)
    parts = struct.unpack_from("<I", head, 52)[0]
    if length < DEX_HEADER or order != ENDIAN or not length <= size <= reader.size - at or not length <= parts < size:
        return None
    count = int.from_bytes(reader.read_at(at + parts, 4), "little")
    rows = reader.read_at(at + parts + 4, DEX_PART * count) if 2 <= count <= len(DEX_PARTS) else b""
    return Structure("dex", at, size) if rows and _is_map(rows, count, size, parts) else None


def _is_map(rows: bytes, count: int, size: int, parts: int) -> bool:
    """Whether parts of known kinds stand one behind the other, the header first and this list among them."""
    if len(rows) < DEX_PART * count:
        return False
    found = list(struct.iter_unpack("<HHII", rows))
    kinds = [row[0] for row in found]
    places = [row[3] for row in found]
    ordered = all(before < after for before, after in pairwise(places)) and places[-1] < size
    own = (DEX_MAP, parts) in zip(kinds, places, strict=True)
    known = set(kinds) <= DEX_PARTS and len(set(kinds)) == count and not any(row[1] for row in found)
    return kinds[0] == 0 and places[0] == 0 and ordered and own and known


def wasm(reader: Reader, at: int) -> Structure | None:
    """The module that begins at `at`: sections in order that end where the next one begins."""
    place = at + 8
    last = found = sections = 0
    while sections < SECTIONS_MAX:
        head = reader.read_at(place, 6)
        if not head or head[0] not in WASM_SECTIONS:
            break
        size, behind = varint(head, 1)
        if size < (head[0] == 0) or behind > len(head) or place + behind + size > reader.size:
            break
        if head[0]:
            if _order(head[0]) <= last:
                break
            last = _order(head[0])
            found += 1
        place += behind + size
        sections += 1
    sound = found >= 2 or sections == SECTIONS_MAX
    return Structure("wasm", at, place - at) if sound else None


def _order(section: int) -> int:
    """Sections have their numbers' order, but for two that came later."""
    return {12: 21, 13: 11}.get(section, section * 2 if section < 6 else section * 2 + 2)


def pyc(reader: Reader, at: int) -> Structure | None:
    """The compiled Python whose number ends before `at`."""
    start = at - 2
    head = reader.read_at(start, 64) if start >= 0 else b""
    if len(head) < 64:
        return None
    number = int.from_bytes(head[:2], "little")
    if number not in PYTHON or head[16] not in (0xE3, 0x63):
        return None
    counts = struct.unpack_from("<5I", head, 17)
    if any(count > 255 for count in counts[:3]) or head[17:37].count(0) < 12:
        return None
    code = next((place for place in (37, 41) if head[place] & 0x7F == INSTRUCTIONS), 0)
    room = reader.size - start
    length = int.from_bytes(head[code + 1 : code + 5], "little") if code > 0 else 0
    return Structure("pyc", start, min(room, code + 5 + length)) if 4 <= length <= room - code - 5 else None


def lua(reader: Reader, at: int) -> Structure | None:
    """The compiled Lua, 5.1 to 5.4, that begins at `at`."""
    head = reader.read_at(at, 32)
    if len(head) < 32 or head[5]:
        return None
    if head[4] in (0x51, 0x52):
        sound = head[6] in (0, 1) and head[7] == 4 and head[8] in (4, 8) and head[9:12] in (b"\4\x08\0", b"\4\4\0")
        return Structure("lua", at, 32) if sound else None
    return Structure("lua", at, 32) if head[4] in (0x53, 0x54) and head[6:12] == LUA_DATA else None


def bitcode(reader: Reader, at: int) -> Structure | None:
    """The bitcode of LLVM that begins at `at`: its first block is one that may stand there."""
    head = reader.read_at(at, 12)
    if len(head) < 12:
        return None
    word, length = struct.unpack_from("<II", head, 4)
    block, width = word >> 2 & 0xFF, word >> 10 & 0xF
    size = 12 + 4 * length
    if word & 3 != 1 or block not in BLOCKS or not 2 <= width <= 8 or word >> 14 or length < 1:
        return None
    return Structure("bitcode", at, size) if size <= reader.size - at else None


def fatbin(reader: Reader, at: int) -> Structure | None:
    """The container of code for GPUs that begins at `at`."""
    head = reader.read_at(at, 20)
    if len(head) < 20:
        return None
    version, header, size = struct.unpack_from("<HHQ", head, 4)
    kind = int.from_bytes(head[16:18], "little")
    if version != 1 or header != 16 or kind not in (1, 2) or not 0 < size <= reader.size - at - 16:
        return None
    return Structure("fatbin", at, 16 + size)
