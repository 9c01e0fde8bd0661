"""Actually Portable Executables: shell script and program of several systems at once, as llamafile is.

Layout: https://github.com/jart/cosmopolitan/blob/master/ape/specification.md: one of few beginnings, and within the
first 8 KiB a `printf` statement of the script that writes an ELF header in octal, or the header of a PE file.
"""

from __future__ import annotations

import re

from modelaudit.parsers.executables import Structure
from modelaudit.parsers.executables.elf import MACHINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

HEAD = 8192  # bytes in which the script writes the header of a program
ELF = re.compile(rb"printf\s+'(\\177ELF[^']{40,512})'")
ESCAPES = re.compile(rb"\\([0-7]{1,3})")
QUOTE = re.compile(rb"[a-zA-Z]{6,7}='[\r\n]")
IDENT = 20  # bytes of the header that are looked at


def ape(reader: Reader, at: int) -> Structure | None:
    """The file that begins at `at`."""
    head = reader.read_at(at, HEAD)
    if not QUOTE.match(head):
        return None
    if not any(map(_is_elf, ELF.findall(head))) and not _is_pe(head):
        return None
    return Structure("ape", at, len(head))


def _is_elf(octal: bytes) -> bool:
    """Whether octal escapes are the header of an ELF file."""
    data = ESCAPES.sub(lambda found: bytes([int(found[1], 8) & 255]), octal)
    if len(data) < IDENT or data[4] not in (1, 2) or data[5] not in (1, 2) or data[6] != 1:
        return False
    return int.from_bytes(data[18:20], "little" if data[5] == 1 else "big") in MACHINES


def _is_pe(head: bytes) -> bool:
    place = int.from_bytes(head[60:64], "little")
    return head[:2] == b"MZ" and 64 <= place <= HEAD - 4 and head[place : place + 4] == b"PE\0\0"
