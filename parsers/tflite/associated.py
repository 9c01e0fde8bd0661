"""Where the ZIP archive behind a model begins: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

END = b"PK\5\6"
ENTRY = b"PK\1\2"
LOCAL = b"PK\3\4"
END_MIN = 22
COMMENT_MAX = 65535
ENTRIES = 10_000  # that are looked at for the first header
DIRECTORY = 4 * 1024 * 1024


def archive_start(reader: Reader) -> int | None:
    """Offset of the first header of an archive that ends where the file ends, None when there is none."""
    length = min(reader.size, END_MIN + COMMENT_MAX)
    tail = reader.read_at(reader.size - length, length)
    at = tail.rfind(END)
    if at < 0 or at + END_MIN > len(tail):
        return None
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    offset = int.from_bytes(tail[at + 16 : at + 20], "little")
    directory = reader.size - length + at - size
    if directory < 0:
        return None
    first = _first(reader.read_at(directory, min(size, DIRECTORY)))
    for start in (first + directory - offset, first) if first is not None else ():
        if 0 < start < directory and reader.read_at(start, 4) == LOCAL:
            return start
    return None


def _first(directory: bytes) -> int | None:
    """The smallest offset of a header in a directory."""
    at = 0
    offsets: list[int] = []
    while directory[at : at + 4] == ENTRY and len(offsets) < ENTRIES and at + 46 <= len(directory):
        offsets.append(int.from_bytes(directory[at + 42 : at + 46], "little"))
        at += 46 + sum(int.from_bytes(directory[at + n : at + n + 2], "little") for n in (28, 30, 32))
    return min(offsets, default=None)
