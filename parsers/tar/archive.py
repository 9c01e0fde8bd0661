"""The members of a tar archive, what becomes of them on a disk, and what stands behind the end."""

from __future__ import annotations

from hashlib import sha256
from posixpath import normpath
from re import compile as pattern

from modelaudit.engine.facts import KINDS, Defect, Limit, Member, Place, clean, path_class
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import WINDOW, SliceReader
from modelaudit.parsers.tar.headers import BLOCK, DEVICES, FILES, HARD, SYMBOLIC, Entry, HeaderError, read_entry
from modelaudit.parsers.zip.names import PATH_FLAGS, leads_outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

NAME_MAX = 4096  # characters of a name in facts
ALL = frozenset(KINDS) - {"artifact", "defect", "limit"}
SETUID = 0o6000
WHITEOUT = ".wh."  # https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
BLOB = pattern(r"(?:\./)?blobs/sha256/([0-9a-f]{64})")  # of an OCI layout, named by its digest


def parse_tar(artifact: Input, context: Context) -> Iterator[Fact | Nested]:
    """Facts of the archive, and of others that stand behind it."""
    archive = Archive(artifact, context)
    offset = 0
    while offset < artifact.reader.size:
        yield from archive.members(offset)
        offset = archive.next_archive()
        if offset < artifact.reader.size and not archive.stopped:
            yield archive.defect("tar-after-end", f"members behind the end at {archive.offset}", offset)


class Archive:
    """One file while it is read. `offset` is how far that is, `stopped` says that there is no going on."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.path = artifact.path
        self.reader: Reader = artifact.reader
        self.context = context
        self.offset = 0
        self.number = 0
        self.first = True  # the archive that every reader sees
        self.stopped = False
        self.names: set[str] = set()
        self.links: set[str] = set()  # names of links, through which later members could be written
        self.out: set[str] = set()  # those of them that lead out of the archive

    def defect(self, code: str, detail: str, offset: int, *, affects: frozenset[str] = frozenset()) -> Defect:
        """A defect of the archive."""
        return Defect(self.path, code=code, detail=clean(detail)[0], affects=affects, places=(Place(offset=offset),))

    def members(self, offset: int) -> Iterator[Fact | Nested]:
        """The members from an offset on, up to the end of this archive."""
        common: dict[str, str] = {}
        self.offset = offset
        while self.offset < self.reader.size:
            self.context.check()
            if self.number >= self.context.budget("members"):
                budget = self.context.budget("members")
                yield Limit(self.path, what="members", at=self.number, budget=budget, by="file", affects=ALL)
                self.offset, self.stopped = self.reader.size, True
                return
            if not self.reader.read_at(self.offset, BLOCK).strip(b"\0"):
                return
            try:
                entry = read_entry(self.reader, self.offset, common)
            except HeaderError as bad:
                yield from self.broken(str(bad))
                return
            yield from self.member(entry)
            self.number += 1
            self.offset = entry.end

    def broken(self, words: str) -> Iterator[Fact | Nested]:
        """What stands where a header should: the rest is an artifact of its own."""
        rest = self.reader.size - self.offset
        yield self.defect("tar-header", f"{words}; {rest} bytes are not read as members", self.offset, affects=ALL)
        yield Nested("trailing-data", SliceReader(self.reader, self.offset, rest), role="member", view="hidden")
        self.offset, self.stopped = self.reader.size, True

    def next_archive(self) -> int:
        """Where another archive begins behind the end of one; the size of the file when there is none."""
        self.first = False
        at = self.offset
        while at < self.reader.size:
            self.context.check()
            data = self.reader.read_at(at, WINDOW)
            blank = len(data) - len(data.lstrip(b"\0"))
            if blank < len(data):
                return at + blank // BLOCK * BLOCK  # what is no header there is told as one that is broken
            at += len(data) or BLOCK
        return self.reader.size

    def member(self, entry: Entry) -> Iterator[Fact | Nested]:
        """A member and its content."""
        missing = entry.start + entry.size - self.reader.size
        if missing > 0:
            yield self.defect("tar-truncated", f"{entry.name}: {missing} bytes missing", entry.start, affects=ALL)
        yield self.fact(entry)
        if entry.size and missing < entry.size:
            view = "visible" if self.first and entry.kind in FILES else "hidden"
            content = SliceReader(self.reader, entry.start, entry.size)
            yield Nested(entry.name or "unnamed", content, role="member", view=view)

    def fact(self, entry: Entry) -> Member:
        """The record of a member."""
        name, lossy = clean(entry.name[:NAME_MAX])
        plain = normpath(name) if name else ""
        duplicate = plain in self.names
        self.names.add(plain)
        is_link = entry.kind in (HARD, SYMBOLIC)
        flags = self.flags(entry, name, plain)
        return Member(
            self.path,
            name=name,
            size=entry.size,
            compressed_size=entry.size,
            method="stored",
            flags=frozenset(flags),
            path_class=path_class(name),
            link_target=clean(entry.target[:NAME_MAX])[0] if is_link else None,
            duplicate=duplicate and entry.kind in FILES,
            crc_ok=self.digest(entry),
            offset=entry.offset,
            places=(Place(offset=entry.offset),),
            lossy=lossy,
        )

    def flags(self, entry: Entry, name: str, plain: str) -> set[str]:
        """What is unusual about a member."""
        flags = set(path_class(name) & PATH_FLAGS)
        if "\\" in name:
            flags.add("backslash")
        if entry.kind in (HARD, SYMBOLIC):
            flags |= self.link(entry, plain)
        else:
            flags |= self._through_link(plain)
        if entry.kind in DEVICES:
            flags.add("device")
        if entry.mode & SETUID and entry.kind in FILES:
            flags.add("setuid")
        if len(entry.sizes) > 1 and min(entry.sizes):
            flags.add("size-mismatch")
        if entry.sparse:
            flags.add("sparse")
        if not self.first:
            flags.add("after-end")
        if name.rstrip("/").rpartition("/")[2].startswith(WHITEOUT):
            flags.add("whiteout")
        return flags

    def link(self, entry: Entry, plain: str) -> set[str]:
        """Hard links start from the top of the archive, symbolic ones from the folder of their name."""
        if len(self.links) < self.context.budget("members"):
            self.links.add(plain)
        hard = entry.kind == HARD
        outside = leads_outside("x" if hard else plain, entry.target)
        kind = "hard-link" if hard else "symbolic-link"
        if not outside:
            return {kind}
        if len(self.out) < self.context.budget("members"):
            self.out.add(plain)
        absolute = bool(path_class(entry.target) & {"absolute"})
        return {kind, "absolute-link" if absolute and not hard else "link-outside"}

    def _through_link(self, plain: str) -> set[str]:
        """Whether a folder of the name is a link that came before, and whether that leads out of the archive."""
        if not self.links:
            return set()
        parts = plain.split("/")
        folders = {"/".join(parts[:n]) for n in range(1, min(len(parts), 64))}
        through = {"through-link"} if not folders.isdisjoint(self.links) else set()
        return through | ({"through-outside-link"} if not folders.isdisjoint(self.out) else set())

    def digest(self, entry: Entry) -> bool | None:
        """Whether a blob has the digest that is its name; None for what is no blob."""
        found = BLOB.fullmatch(entry.name)
        if found is None or entry.kind not in FILES:
            return None
        state = sha256()
        for at in range(0, entry.size, WINDOW):
            self.context.check()
            data = self.reader.read_at(entry.start + at, min(WINDOW, entry.size - at))
            if not data:
                break
            state.update(data)
        return state.hexdigest() == found[1]
