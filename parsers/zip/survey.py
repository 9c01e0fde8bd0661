"""The members of an archive, from the central directory and from the local headers, and where they disagree."""

from __future__ import annotations

from bisect import bisect_left

from modelaudit.parsers.zip.content import View
from modelaudit.parsers.zip.directory import find_ends, other_starts, read_entries
from modelaudit.parsers.zip.records import (
    CENTRAL,
    DESCRIBED,
    DESCRIPTOR,
    ENCRYPTED,
    END64_SIZE,
    END_SIZE,
    LOCAL,
    LOCAL_SIZE,
    LOCATOR64_SIZE,
    MARK32,
    UTF8,
    read_local,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.zip.records import Central, End, Header, Local

DESCRIPTOR_MAX = 24  # bytes of a data descriptor with signature and 64-bit sizes
SCAN_MAX = 1024 * 1024 * 1024  # bytes between members that are searched for headers
SCAN = 1024 * 1024
FIRST = 4096  # bytes of the first window of a search
NAMES_MAX = 64 * 1024 * 1024  # bytes of all names together


NONE: frozenset[str] = frozenset()


class Member:
    """An entry of the archive, under one or both of its headers."""

    __slots__ = ("central", "flags", "hidden", "local", "spared", "start", "stop")

    def __init__(self, central: Central | None, local: Local | None, start: int) -> None:
        self.central = central
        self.local = local
        self.start = start  # of the local header, as good as known
        self.stop = start  # end of the data
        self.flags = NONE
        self.hidden = False
        self.spared = False  # the local header was not looked at

    @property
    def main(self) -> Header:
        """The header that loaders go by."""
        header = self.central or self.local
        assert header is not None  # noqa: S101 - a member has one of them
        return header

    def views(self) -> list[View]:
        """How the member can be read: as the directory says, and as the local header does when that is different."""
        if self.local is None:
            return []
        views = [_view(self.main, self.local.data)]
        if self.central is None and unsized(self.local):
            views[0].compressed = self.stop - self.local.data
            views[0].size = views[0].crc = None
        elif (
            self.central is not None and not unsized(self.local) and (self.flags & {"size-mismatch", "method-mismatch"})
        ):
            other = _view(self.local, self.local.data)
            if other.key() != views[0].key():
                views.append(other)
        return views


def _spared(entry: Central, start: int) -> Member:
    member = Member(entry, None, start)
    member.spared = True
    member.stop = start + LOCAL_SIZE + len(entry.name) + entry.compressed
    return member


def _view(header: Header, data: int) -> View:
    return View(data, header.method, header.flags, header.compressed, header.size, header.crc)


def unsized(local: Local) -> bool:
    """Whether the sizes follow the data instead of standing in the header."""
    return bool(local.flags & DESCRIBED) and local.compressed in (0, MARK32)


class Archive:
    """What an archive holds.

    `members` are in the order of their offsets. `regions` are bytes that belong to nothing: name, begin, end.
    `defects` are code, detail, offset and whether content may be missing. `overrun` is the name, value and budget
    of a budget that was spent.
    """

    def __init__(
        self,
        reader: Reader,
        members_max: int,
        check: Callable[[], None],
        spare: Callable[[Central], bool] = lambda _: False,
    ) -> None:
        self._spare = spare  # says of an entry of the directory whether its local header is left alone
        self.reader = reader
        self.members: list[Member] = []
        self.regions: list[tuple[str, int, int]] = []
        self.defects: list[tuple[str, str, int, bool]] = []
        self.overrun: tuple[str, int, int] | None = None
        self.comment = b""
        self._check = check
        self._max = members_max
        self._scanned = 0
        self._held = 0  # bytes of names
        self._taken: list[tuple[int, int]] = []  # regions of directories and end records
        self._seen: set[tuple[object, ...]] = set()
        self._listed = False  # whether there is a directory
        self._descriptors: set[int] = set()  # offsets at which a data descriptor may stand

    def survey(self) -> None:
        """Read all headers."""
        ends = find_ends(self.reader)
        end = next((end for end in ends if end.plausible), None)
        self._listed = end is not None
        if end is None:
            self.defect("no-directory", "no end record with a central directory", 0, missing=True)
        else:
            self._primary(end, ends)
        self.members.sort(key=lambda member: member.start)
        self._search(end)
        self.members.sort(key=lambda member: member.start)
        self._overlaps()

    def defect(self, code: str, detail: str, offset: int, *, missing: bool = False) -> None:
        """Note a defect of the archive itself."""
        self.defects.append((code, detail, offset, missing))

    def _add(self, member: Member) -> None:
        self.members.append(member)
        self._held += sum(len(header.name) for header in (member.central, member.local) if header is not None)

    def _full(self) -> bool:
        """Whether there is no room for further members."""
        if len(self.members) >= self._max:
            self.overrun = ("members", len(self.members) + 1, self._max)
        elif self._held > NAMES_MAX:
            self.overrun = ("names", self._held, NAMES_MAX)
        else:
            return False
        return True

    # The directory

    def _primary(self, end: End, ends: list[End]) -> None:
        """Read the directory that most readers take, then the others that are there."""
        self.comment = end.comment
        if end.disks:
            self.defect("several-disks", "the end record speaks of several parts of the archive", end.at)
        self._directory(end.start, hidden=False, shift=end.shift, end=end)
        self._take_end(end, len(end.comment))
        if end.disagrees:
            self.defect("zip64-mismatch", "the zip64 end record has other values than the plain one", end.at)
        for start in other_starts(end, self.reader):
            self.defect("two-directories", f"at {end.start} and at {start}", start)
            self._directory(start, hidden=True, shift=end.shift)
        inside = [(member.start, member.stop) for member in self.members]
        for other in ends:
            if other.at > end.at and not other.plausible:  # some readers take the last one, and find nothing
                self.defect("two-eocd", f"at {end.at} and, leading nowhere, at {other.at}", other.at)
            if other is end or not other.plausible or any(a <= other.at < b for a, b in inside):
                continue
            self.defect("two-eocd", f"at {end.at} and at {other.at}", other.at)
            if other.start != end.start:
                self._directory(other.start, hidden=True, shift=other.shift)
            self._take_end(other, 0)

    def _take_end(self, end: End, comment: int) -> None:
        """The bytes of an end record and of its zip64 forms belong to it."""
        self._taken.append((end.at, end.at + END_SIZE + comment))
        if end.wide is not None:
            self._taken.append((end.wide, end.wide + END64_SIZE))
            self._taken.append((end.at - LOCATOR64_SIZE, end.at))

    def _directory(self, start: int, *, hidden: bool, shift: int, end: End | None = None) -> None:
        """Read one directory; a hidden one adds what the main one does not list."""
        found = self._entries(start)
        stop = found[-1].at + found[-1].length if found else start
        self._taken.append((start, stop))
        # By place, so that an archive that is itself compressed is expanded once and not for each entry.
        for entry in sorted(found, key=lambda entry: entry.offset):
            if self._full():
                return
            self._entry(entry, shift, hidden)
        if end is not None and self.overrun is None:
            self._counted(end, len(found), stop)

    def _entries(self, start: int) -> list[Central]:
        """The entries of one directory, as many as there is room for."""
        found: list[Central] = []
        held = 0
        for entry in read_entries(self.reader, start):
            if len(found) % 1024 == 0:
                self._check()
            if len(found) >= self._max:
                self.overrun = ("members", len(found) + 1, self._max)
                break
            held += len(entry.name)
            if held > NAMES_MAX:
                self.overrun = ("names", held, NAMES_MAX)
                break
            found.append(entry)
        return found

    def _counted(self, end: End, count: int, stop: int) -> None:
        if count != end.count:
            self.defect("entry-count", f"{count} entries, the end record says {end.count}", end.start)
        if stop - end.start != end.size:
            detail = f"{stop - end.start} bytes of entries, the end record says {end.size}"
            self.defect("directory-size", detail, end.start)

    def _entry(self, entry: Central, shift: int, hidden: bool) -> None:
        """One entry of a directory, with its local header."""
        start = entry.offset + shift
        if not hidden and self._spare(entry):
            self._add(_spared(entry, start))
            return
        local = read_local(self.reader, start)
        member = Member(entry, local, start)
        if local is None and shift:
            local = read_local(self.reader, entry.offset)
            if local is not None:
                member = Member(entry, local, entry.offset)
                member.flags |= {"offset-mismatch"}
        key = (member.start, entry.name, entry.compressed, entry.method)
        if hidden and key in self._seen:
            return
        self._seen.add(key)
        if hidden:
            member.hidden = True
            member.flags |= {"other-directory"}
        if local is None:
            member.flags |= {"central-only"}
        else:
            member.stop = local.data + entry.compressed
            _compare(member, entry, local)
            if unsized(local) and not _describes(self.reader.read_at(member.stop, DESCRIPTOR_MAX), entry):
                member.flags |= {"descriptor-mismatch"}
        self._add(member)

    # What the directory does not list

    def _search(self, end: End | None) -> None:
        """Look for local headers that no directory lists, and for bytes that belong to nothing.

        What entries that were not read own is not known, so nothing is said of it.
        """
        if self.overrun is not None:
            return
        self._bound_spared()
        covered = [(m.start, m.stop) for m in self.members if m.local is not None or m.spared] + self._taken
        first = min((begin for begin, _ in covered), default=0)
        self._descriptors = {m.stop for m in self.members if described(m)}
        for begin, stop in _uncovered(covered, self.reader.size):
            pieces = self._walk(begin, stop)
            if self.overrun is not None:
                return
            for piece in pieces:
                self._region(piece, first, end)
        for member in list(self.members):
            self._inside(member)

    def _bound_spared(self) -> None:
        """A member whose local header was left alone ends where the next thing begins: how long its header is, is not
        known, nor what stands behind its data.
        """
        begins = sorted({m.start for m in self.members} | {begin for begin, _ in self._taken})
        for member in self.members:
            if member.spared:
                behind = bisect_left(begins, member.stop)
                member.stop = begins[behind] if behind < len(begins) else member.stop

    def _inside(self, member: Member) -> None:
        """A reader that goes by local sizes goes on in the middle of a member whose local size is smaller."""
        if member.local is None or member.central is None or unsized(member.local):
            return
        stop = member.local.data + member.local.compressed
        if stop < member.stop and "size-mismatch" in member.flags:
            self._walk(stop, min(member.stop, self.reader.size))

    def _walk(self, begin: int, stop: int) -> list[tuple[int, int]]:
        """Take the local headers in a region as members; returns the pieces that are left."""
        left: list[tuple[int, int]] = []
        at = begin
        while at < stop:
            found = self._find((LOCAL,), at, stop)
            local = read_local(self.reader, found) if found is not None else None
            if found is None or local is None:
                break
            if found > at:
                left.append((at, found))
            if self._full():
                return left
            at = self._local_only(local, stop)
        if at < stop:
            left.append((at, stop))
        return left

    def _may_scan(self, size: int) -> bool:
        self._check()
        if self._scanned > SCAN_MAX:
            self.overrun = self.overrun or ("bytes", self._scanned, SCAN_MAX)
            return False
        self._scanned += size
        return True

    def _local_only(self, local: Local, stop: int) -> int:
        """Add a member that no directory lists; returns where it ends."""
        member = Member(None, local, local.at)
        if self._listed:
            member.flags |= {"local-only"}
            member.hidden = True
        if unsized(local):
            behind = self._find((DESCRIPTOR, LOCAL, CENTRAL), local.data, stop)
            member.stop = stop if behind is None else behind
            _fill_in(local, member.stop, self.reader)
        else:
            member.stop = local.data + local.compressed
        self._add(member)
        if described(member):
            self._descriptors.add(member.stop)
        return max(member.stop, local.data)

    def _find(self, marks: tuple[bytes, ...], begin: int, stop: int) -> int | None:
        """Offset of the first of the marks that begins in the region, searched in windows that grow."""
        at, size = begin, FIRST
        while at < stop and self._may_scan(min(size, stop - at)):
            raw = self.reader.read_at(at, min(size, stop - at) + 3)
            hits = [hit for mark in marks if (hit := raw.find(mark)) >= 0]
            if hits:
                return at + min(hits)
            at += size
            size = min(2 * size, SCAN)
        return None

    def _region(self, piece: tuple[int, int], first: int, end: End | None) -> None:
        """Bytes that belong to nothing, unless they are only zeros."""
        begin, stop = piece
        size = stop - begin
        if (size <= DESCRIPTOR_MAX and begin in self._descriptors) or not self._filled(begin, stop):
            return
        if end is not None and begin >= end.at:
            self.defect("trailing-data", f"{size} bytes after the end record", begin)
            self.regions.append(("trailing-data", begin, stop))
        elif begin == 0 and stop <= first:
            self.defect("prepended-data", f"{size} bytes before the first header", 0)
            self.regions.append(("prepended-data", begin, stop))
        elif end is None:
            self.regions.append((f"rest-{begin}", begin, stop))
        else:
            self.defect("gap", f"{size} bytes at {begin} belong to no member", begin)
            self.regions.append((f"gap-{begin}", begin, stop))

    def _filled(self, begin: int, stop: int) -> bool:
        """Whether some byte is not zero."""
        for at in range(begin, stop, SCAN):
            if not self._may_scan(min(SCAN, stop - at)) or self.reader.read_at(at, min(SCAN, stop - at)).strip(b"\0"):
                return True
        return False

    def _overlaps(self) -> None:
        """Mark members whose bytes are also those of others."""
        last: Member | None = None
        for member in self.members:
            if member.local is None:
                continue
            if last is not None and member.start < last.stop:
                member.flags |= {"overlap"}
                last.flags |= {"overlap"}
            if last is None or member.stop > last.stop:
                last = member


def _fill_in(local: Local, stop: int, reader: Reader) -> None:
    """Take checksum and sizes from the data descriptor at `stop`, when it fits the data before it."""
    raw = reader.read_at(stop, DESCRIPTOR_MAX)
    if raw[:4] != DESCRIPTOR:
        return
    for width in (4, 8):
        compressed = int.from_bytes(raw[8 : 8 + width], "little")
        if compressed == stop - local.data:
            local.crc = int.from_bytes(raw[4:8], "little")
            local.size = int.from_bytes(raw[8 + width : 8 + 2 * width], "little")
            local.compressed = compressed
            return


def _describes(raw: bytes, entry: Central) -> bool:
    """Whether the data descriptor that begins here agrees with the directory; one that is missing does not disagree."""
    start = 4 if raw[:4] == DESCRIPTOR else 0
    if not start and (len(raw) < 12 or raw[:4] in (LOCAL, CENTRAL)):
        return True
    crc = int.from_bytes(raw[start : start + 4], "little")
    found = {
        (int.from_bytes(raw[at : at + width], "little"), int.from_bytes(raw[at + width : at + 2 * width], "little"))
        for width in (4, 8)
        for at in (start + 4,)
    }
    return crc == entry.crc and (entry.compressed, entry.size) in found


def described(member: Member) -> bool:
    """Whether a data descriptor may follow the member."""
    return bool((member.main.flags | (member.local.flags if member.local is not None else 0)) & DESCRIBED)


def _compare(member: Member, central: Central, local: Local) -> None:
    """Note where the two headers of a member disagree."""
    flags: set[str] = set()
    if central.name != local.name:
        flags.add("name-mismatch")
    else:
        local.name = central.name  # the same text, held once
    if central.method != local.method:
        flags.add("method-mismatch")
    differing = central.flags ^ local.flags
    if differing & ENCRYPTED or (differing & UTF8 and not central.name.isascii()):
        flags.add("flags-mismatch")
    if central.contradicts or local.contradicts:
        flags.add("zip64-mismatch")
    if central.method == 0 and not central.flags & ENCRYPTED and central.compressed != central.size:
        flags.add("size-mismatch")
    if not unsized(local) and (central.compressed, central.size) != (local.compressed, local.size):
        flags.add("size-mismatch")
    if central.crc != local.crc and not (local.flags & DESCRIBED and local.crc == 0):
        flags.add("crc-mismatch")
    if flags:
        member.flags |= flags


def _uncovered(covered: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """The regions of a file of `size` bytes that none of `covered` contains."""
    gaps: list[tuple[int, int]] = []
    at = 0
    for begin, stop in sorted(covered):
        if begin > at:
            gaps.append((at, min(begin, size)))
        at = max(at, stop)
        if at >= size:
            return gaps
    gaps.append((at, size))
    return gaps
