"""The index at the end of a shard: where each of its chunks stands, two numbers each, then a checksum."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

CHECKSUM = 4
ENTRY = 16
ABSENT = 2**64 - 1
CHUNKS_MAX = 65536  # entries of an index


def chunks(reader: Reader) -> list[tuple[int, int]] | None:
    """Offset and size of every chunk, when some index at the end accounts for all bytes before it; else None."""
    start = max(0, reader.size - CHECKSUM - ENTRY * CHUNKS_MAX)
    raw = reader.read_at(start, ENTRY * CHUNKS_MAX + CHECKSUM)[:-CHECKSUM]
    end = reader.size - CHECKSUM
    found: list[tuple[int, int]] = []
    covered = furthest = 0
    for at in range(len(raw) - ENTRY, -1, -ENTRY):
        offset = int.from_bytes(raw[at : at + 8], "little")
        size = int.from_bytes(raw[at + 8 : at + ENTRY], "little")
        end -= ENTRY
        if not offset == size == ABSENT:
            if not size or offset + size > end:
                return None
            found.append((offset, size))
            covered, furthest = covered + size, max(furthest, offset + size)
        if covered == furthest == end:
            return found if _apart(found) else None
        if covered > end:
            return None
    return None


def _apart(found: list[tuple[int, int]]) -> bool:
    """Whether the chunks lie one behind the other from the start on."""
    at = 0
    for offset, size in sorted(found):
        if offset != at:
            return False
        at += size
    return True
