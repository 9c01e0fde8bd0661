"""The facts of a 7z archive: its headers, its members in the order of their bytes, and what belongs to none of them."""

from __future__ import annotations

from modelaudit.engine.facts import KINDS, Member, Place, clean, path_class
from modelaudit.parsers.base import Nested
from modelaudit.parsers.expansion import Ledger
from modelaudit.parsers.notes import Notes
from modelaudit.parsers.reader import BytesReader, SliceReader
from modelaudit.parsers.sevenzip.coders import AES, name_of, stages, unsupported
from modelaudit.parsers.sevenzip.content import Content, Solid
from modelaudit.parsers.sevenzip.fields import HeaderError
from modelaudit.parsers.sevenzip.headers import REPARSE
from modelaudit.parsers.sevenzip.opening import ALL, Opening
from modelaudit.parsers.zip.names import flags_of_mode, flags_of_name, folded, leads_outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.sevenzip.headers import File, Folder, Streams

CONTENT = frozenset(KINDS) - {"artifact", "member", "defect", "limit", "relation"}
NAME_MAX = 4096  # characters of a name in facts
LINK_MAX = 4096
CHECK = 4096  # entries between two looks at the time


def parse_archive(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Facts and nested members of the archive."""
    archive = Archive(artifact, context)
    return archive.notes.bounded(archive.run())


class Archive:
    """One archive while it is read."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.notes = Notes(artifact, context, CONTENT)
        self.path = artifact.path
        self.reader = artifact.reader
        self.context = context
        self.ledger = Ledger(self.reader.size, context, 2 * self.reader.size)
        self.opening = Opening(self.notes, self.ledger, context.budget("members"))
        self.overrun = False
        self.names: dict[str, int] = {}
        self.twins: dict[str, set[str]] = {}

    def run(self) -> Iterator[Fact | Nested]:
        """Everything, in the order of the archive."""
        try:
            streams, files = self.opening.contents()
        except HeaderError as bad:
            if str(bad):
                self.notes.defect("7z-header", str(bad), 0, ALL)
                self.opening.rest()
            yield from self.notes.flush()
            return
        for code, detail in streams.lies:
            self.notes.defect(code, detail, self.opening.base, CONTENT)
        yield from self.notes.flush()
        self.count(files)
        yield from self.empty(files)
        yield from self.folders(streams, files)
        self.opening.rest()
        yield from self.notes.flush()

    # Members

    def count(self, files: list[File]) -> None:
        """Count names, so that each member can say whether it has a double."""
        for file in files:
            name = file.name or ""
            self.names[name] = self.names.get(name, 0) + 1
            self.twins.setdefault(folded(name), set()).add(name)

    def empty(self, files: list[File]) -> Iterator[Fact]:
        """Folders and files that have no bytes."""
        for n, file in enumerate(files):
            if n % CHECK == 0:
                self.context.check()
            if not file.stored and (not file.folder or self.flags(file)):
                yield self.fact(file, Content(0), "", 0, 0)

    def folders(self, streams: Streams, files: list[File]) -> Iterator[Fact | Nested]:
        """The members that have bytes, folder by folder."""
        stored = [file for file in files if file.stored]
        number = sum(len(folder.streams) for folder in streams.folders)
        if number != len(stored):
            detail = f"{number} streams for {len(stored)} files that should have one"
            self.notes.defect("7z-count", detail, self.opening.base, CONTENT if number < len(stored) else frozenset())
        used = 0
        for folder in streams.folders:
            mine = stored[used : used + len(folder.streams)]
            used += len(mine)
            yield from self.folder(folder, mine)
            spent = self.ledger.spent()
            if spent is not None and not self.overrun:
                self.notes.limit(*spent)
            yield from self.notes.flush()
            if spent is not None:
                return
        for file in stored[used:]:
            yield self.fact(file, Content(0), "", 0, 0)

    def folder(self, folder: Folder, files: list[File]) -> Iterator[Fact | Nested]:
        """The members of one folder."""
        begin, length = self.opening.source(folder)
        method = "+".join(name_of(folder.coders[n]) for n in folder.chain or range(len(folder.coders)))
        missing = begin + length - self.reader.size
        if missing > 0:
            self.notes.defect("truncated", f"{missing} bytes of a folder are missing", begin, CONTENT)
        words = unsupported(folder)
        if words is not None:
            code = "7z-encrypted" if AES in words else "7z-method"
            self.notes.defect(code, f"{len(files)} members: {words}", begin, CONTENT)
            for shut, size in zip(files, folder.streams, strict=False):
                yield self.fact(shut, Content(size), method, length, begin, encrypted=AES in words)
            return
        source = SliceReader(self.reader, begin, length)
        solid = Solid(lambda: stages(source, folder, self.ledger), length, self.ledger)
        cut = list(zip(folder.streams, folder.subs, strict=True))
        for n, (size, crc) in enumerate(cut or [(folder.size, folder.crc)]):  # one without files has bytes all the same
            file: File | None = files[n] if n < len(files) else None
            if solid.error is None and solid.overrun is None:
                content = solid.next(size, crc)
                yield from self.member(file, content, method, length * size // max(1, folder.size), begin)
            elif file is not None:
                yield self.fact(file, Content(size), method, length, begin)
        solid.settle()
        yield from self.ends(solid, folder, begin, length)

    def member(self, file: File | None, content: Content, method: str, packed: int, at: int) -> Iterator[Fact | Nested]:
        """One member and its content."""
        if file is None:
            if content.reader is not None:
                yield Nested("unnamed", content.reader, role="member", view="hidden", compressed_size=packed)
            return
        yield self.fact(file, content, method, packed, at)
        if content.reader is not None and content.reader.size:
            yield Nested(file.name or "unnamed", content.reader, role="member", compressed_size=packed)

    def ends(self, solid: Solid, folder: Folder, begin: int, length: int) -> Iterator[Nested]:
        """Whether a folder ends where the header says, and what is behind."""
        if solid.error is not None:
            self.notes.defect("bad-data", solid.error, begin, CONTENT)
            return
        if solid.overrun is not None:
            self.overrun = True
            self.notes.limit(*solid.overrun)
            return
        if folder.streams and sum(folder.streams) != folder.size:
            return
        more = solid.more()
        if more:
            self.notes.defect("7z-size", f"more than the {folder.size} bytes that the header says come out", begin)
            yield Nested("surplus", BytesReader(more), role="other", view="hidden")
        if solid.slack > 0:
            detail = f"{solid.slack} bytes behind the end of the packed data of a folder"
            self.notes.defect("7z-slack", detail, begin + length - solid.slack)
            left = SliceReader(self.reader, begin + length - solid.slack, solid.slack)
            yield Nested("slack", left, role="other", view="hidden")

    def flags(self, file: File) -> set[str]:
        """What is unusual about a member."""
        name = file.name or ""
        flags = flags_of_name(clean(name)[0]) | flags_of_mode(file.mode)
        if file.attributes & REPARSE:
            flags.add("link")
        if file.anti:
            flags.add("anti")
        if file.name is None:
            flags.add("unnamed")
        if self.names[name] > 1 and file.name is not None:
            flags.add("duplicate")
        if len(self.twins[folded(name)]) > 1:
            flags.add("case-duplicate")
        return flags

    def fact(
        self, file: File, content: Content, method: str, packed: int, offset: int, *, encrypted: bool = False
    ) -> Member:
        """The record of a member."""
        name, lossy = clean((file.name or "")[:NAME_MAX])
        flags = self.flags(file)
        link = None
        if "link" in flags and content.reader is not None:
            link = clean(content.reader.read_at(0, LINK_MAX).decode("utf-8", "backslashreplace"))[0]
            flags |= {"link-outside"} if leads_outside(name, link) else set()
        if encrypted:
            flags.add("encrypted")
        return Member(
            self.path,
            name=name,
            size=min(content.size, 2**63 - 1),
            compressed_size=min(packed, 2**63 - 1),
            ratio=round(content.size / packed, 3) if packed and method != "copy" else 0.0,
            method=method,
            flags=frozenset(flags),
            path_class=path_class(name),
            link_target=link,
            duplicate="duplicate" in flags,
            crc_ok=content.crc_ok,
            encrypted=encrypted,
            offset=min(offset, 2**63 - 1),
            places=(Place(offset=min(offset, 2**63 - 1)),),
            lossy=lossy,
        )
