"""Where the central directory of an archive is, and what it lists. Readers disagree; all their answers are kept."""

from __future__ import annotations

from itertools import islice

from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.zip.records import (
    CENTRAL,
    END,
    END_SIZE,
    LOCAL,
    End,
    read_central,
    read_end,
    read_local,
    widen_end,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.zip.records import Central

TAIL = END_SIZE + 0xFFFF
ENDS_MAX = 16  # end records that are looked at
SEARCH = 1024 * 1024  # bytes of a directory that are searched at once
SEARCH_MAX = 64 * 1024 * 1024
ENTRIES_MAX = 200_000  # entries that are looked at to recognise an archive


def find_ends(reader: Reader) -> list[End]:
    """The end records in the last 64 KiB, the last first; the last is the one that readers take."""
    offset = max(0, reader.size - TAIL)
    raw = reader.read_at(offset, TAIL)
    found: list[End] = []
    at = raw.rfind(END)
    while at >= 0 and len(found) < ENDS_MAX:
        if at + END_SIZE <= len(raw):
            end = read_end(raw, at, offset)
            widen_end(end, reader)
            _locate(end, reader)
            found.append(end)
        at = raw.rfind(END, 0, at)
    return found


def end_before(reader: Reader, stop: int) -> End | None:
    """The end record, without a comment, of an archive that ends at `stop`; None when there is none."""
    raw = reader.read_at(stop - END_SIZE, END_SIZE) if stop >= END_SIZE else b""
    if len(raw) < END_SIZE or raw[:4] != END or raw[-2:] != b"\0\0":
        return None
    whole = SliceReader(reader, 0, stop)
    end = read_end(raw, 0, stop - END_SIZE)
    widen_end(end, whole)
    _locate(end, whole)
    return end if end.plausible else None


def _locate(end: End, reader: Reader) -> None:
    """Find the directory: just before the end record, or at the offset that is written."""
    if not end.count and not end.size:
        end.start = end.first
        end.plausible = end.offset <= end.first and len(end.comment) == reader.size - end.at - END_SIZE
        return
    for start, shift in ((end.first - end.size, end.first - end.size - end.offset), (end.offset, 0)):
        if start >= 0 and reader.read_at(start, 4) == CENTRAL:
            end.start, end.shift, end.plausible = start, shift, True
            return


def other_starts(end: End, reader: Reader) -> list[int]:
    """Where further directories stand that some readers take instead."""
    written = [end.offset, *end.others]
    starts = [start for offset in written for start in (offset, offset + end.shift)]
    return [start for start in dict.fromkeys(starts) if start != end.start and reader.read_at(start, 4) == CENTRAL]


def read_entries(reader: Reader, start: int) -> Iterator[Central]:
    """The entries from `start` on, for as long as there are entries."""
    at = start
    while (entry := read_central(reader, at)) is not None:
        yield entry
        at += entry.length


def names_member(reader: Reader, head: bytes, name: bytes) -> bool:
    """Whether a directory, or the archive's first local header, names a file `name`, in a folder or not."""
    if head[:4] == LOCAL:
        first = read_local(reader, 0)
        if first is not None and _is(first.name, name):
            return True
    end = next((end for end in find_ends(reader) if end.plausible), None)
    if end is None:
        return False
    return any(_lists(reader, start, end.first, name) for start in (end.start, *other_starts(end, reader)))


def _lists(reader: Reader, start: int, stop: int, name: bytes) -> bool:
    """Whether the directory at `start` names the file; searched as bytes first, which is cheap."""
    stop = min(stop, start + SEARCH_MAX)
    at = start
    while at < stop:
        if name in reader.read_at(at, min(SEARCH, stop - at)):
            break
        at += SEARCH - len(name)
    else:
        return False
    return any(_is(entry.name, name) for entry in islice(read_entries(reader, start), ENTRIES_MAX))


def _is(path: bytes, name: bytes) -> bool:
    return path == name or path.endswith(b"/" + name)
