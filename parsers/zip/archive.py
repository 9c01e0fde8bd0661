"""The facts of an archive: defects, then each member with its content, then what belongs to no member."""

from __future__ import annotations

from modelaudit.engine.facts import (
    KINDS,
    TEXT_MAX,
    Defect,
    Limit,
    Member,
    Metadata,
    Place,
    Text,
    clean,
    decode,
    path_class,
)
from modelaudit.parsers.base import Nested, Property, Values
from modelaudit.parsers.expansion import Ledger
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.registry import HEAD
from modelaudit.parsers.zip.content import METHODS, STORED, Content, expander, fetch, region
from modelaudit.parsers.zip.names import alike, decode_name, flags_of_mode, folded, leads_outside, name_flags
from modelaudit.parsers.zip.records import DESCRIBED, ENCRYPTED, STRONG, UTF8, read_local
from modelaudit.parsers.zip.survey import Archive
from modelaudit.parsers.zip.torch import (
    EXTERNS,
    description,
    externs,
    folder_of,
    is_file,
    is_storage,
    language_of,
    value_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.registry import Registry
    from modelaudit.parsers.zip.content import View
    from modelaudit.parsers.zip.records import Central
    from modelaudit.parsers.zip.survey import Member as Entry

# What a member that is not read may hold; what is wrong with the archive itself is known all the same.
CONTENT = frozenset(KINDS) - {"artifact", "member", "defect", "limit", "relation"}
ALL = frozenset(KINDS) - {"artifact"}
HELD = 64 * 1024  # bytes of a member that is read whatever it is
REGIONS_MAX = 1000
LINK_MAX = 4096
PYTORCH = "pytorch-zip"
CODE = frozenset({"code"})
AES = 99
BITS = ((ENCRYPTED, "encrypted"), (STRONG, "strong-encryption"), (DESCRIBED, "data-descriptor"), (UTF8, "utf8"))


def parse_archive(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts, nested members and properties of the archive."""
    return _Parse(artifact, context).run()


def drained(members: list[Entry]) -> Iterator[Entry]:
    """The members in order, each let go of when the next one is asked for: of very many the facts alone are kept."""
    members.reverse()
    while members:
        yield members.pop()


class _Parse:
    """One archive while it is read."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.path = artifact.path
        self.reader: Reader = artifact.reader
        self.torch = artifact.format == PYTORCH
        self.polyglot = bool(artifact.formats - {PYTORCH, "zip"})
        self.context = context
        size = self.reader.size
        self.ledger = Ledger(size, context, 2 * size)  # what is only stored may be read once or twice
        self.done: set[tuple[int, int, int]] = set()  # views that were read
        self.names: dict[str, int] = {}
        self.twins: dict[str, str | None] = {}  # names as they are alike on a disk, None for several of them
        self.sets: dict[frozenset[str], frozenset[str]] = {}  # of flags, each once
        self.sizes: dict[str, int] = {}  # bytes of the storages
        self.begins: dict[str, int] = {}  # offsets of those that are stored as they are
        self.views: dict[str, View] = {}  # of those that can be read
        self.pickles: list[tuple[str, Reader, int]] = []  # those that ask for storages, with their folders
        self.spared: list[Entry] = []  # members whose bytes are weights by their names
        self.asked: dict[str, int | None] = {}  # bytes of storages that tensors ask for, None when they do not say
        self.told: set[str] = set()  # folders whose storages are all among these
        self.package = False
        self.big = False  # the values of the tensors have their first byte in front
        self._registry: Registry | None = None

    def run(self) -> Iterator[Fact | Nested | Property | Values]:
        """Everything, in the order of the archive."""
        archive = Archive(self.reader, self.context.budget("members"), self.context.check, self.may_spare)
        archive.survey()
        for code, detail, offset, missing in archive.defects:
            yield self.defect(code, detail, offset, missing=missing)
        yield from self.comment(archive.comment)
        self.count(archive.members)
        self.package = self.torch and any(name.endswith(EXTERNS) for name in self.names)
        for entry in drained(archive.members):
            self.context.check()
            overrun = self.ledger.spent()
            if overrun is not None:
                yield self.limit(overrun, CONTENT)
                break
            if entry.spared:
                self.sizes[decode_name(entry.main)] = entry.main.size
                self.spared.append(entry)
            else:
                yield from self.member(entry)
        yield from self.geometry()
        yield from self.left_alone()
        yield from self.regions(archive)
        if archive.overrun is not None:
            yield self.limit(archive.overrun, ALL)

    def may_spare(self, entry: Central) -> bool:
        """Whether a member is weights by its name, and weights are not read."""
        return self.torch and not self.context.full and entry.method == STORED and is_storage(decode_name(entry))

    def left_alone(self) -> Iterator[Fact | Nested | Property | Values]:
        """The members that are weights by their names; what is not as large as a tensor asks for is read after all."""
        for entry in self.spared:
            self.context.check()
            name = decode_name(entry.main)
            if self.is_asked_for(name, entry.main.size):
                yield self.fact(entry, name, self.flags(entry, name), None)
                continue
            entry.local = read_local(self.reader, entry.start)
            if entry.local is not None:
                entry.stop = entry.local.data + entry.main.compressed
            yield from self.member(entry)

    def is_asked_for(self, name: str, size: int) -> bool:
        """Whether a member can be a tensor's storage; its name decides where no pickle tells them all."""
        folder, slash, _ = name.rpartition("/")
        if folder + slash not in self.told:
            return True
        return name in self.asked and self.asked[name] in (None, size)

    def defect(self, code: str, detail: str, offset: int, *, missing: bool = False) -> Defect:
        """A defect; `missing` says that content may not have been read because of it."""
        text, lossy = clean(detail)
        affects = CONTENT if missing else frozenset[str]()
        place = Place(offset=max(0, offset))
        return Defect(self.path, code=code, detail=text, affects=affects, places=(place,), lossy=lossy)

    def limit(self, overrun: tuple[str, int, int], affects: frozenset[str]) -> Limit:
        """A budget that the file overruns."""
        what, at, budget = overrun
        return Limit(self.path, what=what, at=at, budget=budget, by="file", affects=affects)

    def comment(self, raw: bytes) -> Iterator[Fact]:
        """The archive's comment."""
        if not raw:
            return
        text, lossy = decode(raw)
        cut = frozenset({"value"}) if len(text) > TEXT_MAX else frozenset[str]()
        text = text[:TEXT_MAX]
        yield Metadata(self.path, key="comment", value=text, type="str", lossy=lossy, cut=cut)
        if self.context.wants("text"):
            yield Text(self.path, value=text, role="metadata", owner="comment", lossy=lossy, cut=cut)

    def count(self, entries: list[Entry]) -> None:
        """Count names, so that each member can say whether it has a double."""
        for entry in entries:
            name = decode_name(entry.main)
            self.names[name] = self.names.get(name, 0) + 1
            if self.twins.setdefault(folded(name), name) != name:
                self.twins[folded(name)] = None

    # Members

    def member(self, entry: Entry) -> Iterator[Fact | Nested | Property | Values]:
        """A member's fact, its defects, and its content as nested artifacts."""
        name = decode_name(entry.main)
        flags = self.flags(entry, name)
        if entry.local is None:
            yield self.fact(entry, name, flags, None)
            yield self.defect("no-local-header", f"{name}: none at {entry.start}", entry.start, missing=True)
            return
        if entry.stop > self.reader.size:
            yield self.defect(
                "truncated", f"{name}: {entry.stop - self.reader.size} bytes missing", entry.start, missing=True
            )
        yield from self.content(entry, name, flags)

    def flags(self, entry: Entry, name: str) -> set[str]:
        """What headers and names say of a member."""
        flags = {*entry.flags, *name_flags(entry.main, name), *self.bits(entry)}
        if self.names[name] > 1:
            flags.add("duplicate")
        if self.twins[folded(name)] is None:
            flags.add("case-duplicate")
        if entry.central is not None:
            flags |= flags_of_mode(entry.central.mode)
        return flags

    def bits(self, entry: Entry) -> set[str]:
        """What the flag bits of both headers say."""
        bits = entry.main.flags | (entry.local.flags if entry.local is not None else 0)
        named = (
            (ENCRYPTED, "encrypted"),
            (STRONG, "strong-encryption"),
            (DESCRIBED, "data-descriptor"),
            (UTF8, "utf8"),
        )
        return {name for bit, name in named if bits & bit}

    def content(self, entry: Entry, name: str, flags: set[str]) -> Iterator[Fact | Nested | Property | Values]:
        """The content of a member, in each of its views."""
        views = entry.views()
        first = views[0]
        if self.torch and is_storage(name) and first.size is not None:
            self.sizes[name] = first.size
            if len(views) == 1 and self.names[name] == 1:
                self.placed(name, first, flags)
        if self.torch and is_storage(name) and len(views) == 1:
            yield self.fact(entry, name, flags | self.encryption(first, None, flags), None)
            yield from self.storage(first, name, entry)
            return
        if first.key() in self.done and first.compressed:
            yield self.fact(entry, name, flags, None)
            return
        content = self.fetch(first)
        flags |= self.lies(first, content, name) | self.encryption(first, content, flags)
        link = self.link(content) if "link" in flags else None
        if link is not None and leads_outside(name, link):
            flags.add("link-outside")
        yield self.fact(entry, name, flags, content, link)
        yield from self.problems(entry, name, flags, content)
        yield from self.nested(entry, name, content, first, hidden=entry.hidden)
        for view in views[1:]:
            yield from self.nested(entry, name, self.fetch(view), view, hidden=True)

    def placed(self, name: str, view: View, flags: set[str]) -> None:
        """Note where a storage stands, when it has one place only."""
        if self.is_plain(view, flags):
            self.begins[name] = view.data
        if "encrypted" not in flags and view.data + view.compressed <= self.reader.size:
            self.views[name] = view

    def is_plain(self, view: View, flags: set[str]) -> bool:
        """Whether a storage's bytes stand in the archive as they are, all of them."""
        stored = view.method == STORED and view.compressed == view.size and "encrypted" not in flags
        return stored and view.data + view.compressed <= self.reader.size

    def fetch(self, view: View) -> Content:
        """The content of one view, which counts as read."""
        self.done.add(view.key())
        if self.is_weights(view):
            return Content(region(self.reader, view), view.compressed)
        return fetch(self.reader, view, self.ledger)

    def is_weights(self, view: View) -> bool:
        """Whether a member is a file of weights by its content, and of those only what is no number is read."""
        if self.context.full or view.method != STORED or view.compressed <= HELD:
            return False
        part = region(self.reader, view)
        return self.registry().weights(part.read_at(0, HEAD), part, "") is not None

    def fact(
        self, entry: Entry, name: str, flags: set[str], content: Content | None, link: str | None = None
    ) -> Member:
        """The fact of a member."""
        main, central = entry.main, entry.central
        local_name = name if entry.local is None or alike(entry.local, main) else decode_name(entry.local)
        size = content.size if content is not None else main.size
        return Member(
            self.path,
            name=local_name,
            central_name=name if central is not None else None,
            size=min(size, 2**63 - 1),
            compressed_size=min(main.compressed, 2**63 - 1),
            ratio=round(size / main.compressed, 3) if main.method != STORED and main.compressed else 0.0,
            method=METHODS.get(main.method, f"method-{main.method}"),
            flags=self.once(flags),
            path_class=self.once(path_class(local_name) | path_class(name)),
            link_target=link,
            duplicate="duplicate" in flags,
            crc_ok=content.crc_ok if content is not None else None,
            encrypted="encrypted" in flags,
            offset=entry.start,
            places=(Place(offset=max(0, entry.start)),),
        )

    def once(self, words: set[str] | frozenset[str]) -> frozenset[str]:
        """The same set for all members that have the same words."""
        words = frozenset(words)
        return self.sets.setdefault(words, words)

    def lies(self, view: View, content: Content, name: str) -> set[str]:
        """What the bytes show to be wrong in the headers."""
        flags: set[str] = set()
        if content.reader is not None and view.size is not None and content.size != view.size:
            flags.add("size-mismatch")
        if content.slack > 0:
            flags.add("slack")
        if name.endswith("/") and content.size:
            flags.add("directory-with-data")
        return flags

    def encryption(self, view: View, content: Content | None, flags: set[str]) -> set[str]:
        """Whether what is said to be encrypted is plain."""
        if "encrypted" not in flags or view.method == AES or (content is not None and content.reader is None):
            return set()
        if content is None or content.crc_ok is None:
            plain = view.method != STORED or view.compressed == view.size
        else:
            plain = content.crc_ok
        return {"encrypted-plain"} if plain else set()

    def problems(self, entry: Entry, name: str, flags: set[str], content: Content) -> Iterator[Fact]:
        """Why the content of a member is not what a loader would get, or not all of it."""
        start = entry.start
        if "encrypted" in flags and "encrypted-plain" not in flags:
            yield self.defect("encrypted-member", name, start, missing=True)
        elif content.reader is None:
            method = METHODS.get(entry.main.method, str(entry.main.method))
            yield self.defect("unsupported-method", f"{name}: {method}", start, missing=True)
        elif content.error is not None:
            yield self.defect("bad-data", f"{name}: {content.error}", start, missing=True)

    def link(self, content: Content) -> str:
        """Where a link leads."""
        raw = content.reader.read_at(0, LINK_MAX) if content.reader is not None else b""
        return decode(raw)[0]

    def nested(
        self, entry: Entry, name: str, content: Content, view: View, *, hidden: bool
    ) -> Iterator[Fact | Nested | Property | Values]:
        """The content as an artifact of its own, unless it is nothing or a plain value."""
        if content.reader is None or not content.size:
            return
        if self.torch and not hidden and (key := description(name)) is not None:
            value = value_of(content.reader)
            if value is not None:
                yield Metadata(self.path, key=key, value=value, type="str", places=(Place(offset=entry.start),))
                self.big |= key == "byteorder" and value == "big"
                if key == "version":
                    yield Property("version", value)
                return
        told: frozenset[str] = frozenset()
        if self.torch:
            told = CODE if language_of(name, package=self.package) is not None else told
            yield from self.code(name, content.reader, entry.start)
            if not hidden and (folder := folder_of(name)) is not None:
                self.pickles.append((folder, content.reader, entry.start))
        compressed = None if view.method == STORED else view.compressed
        sight = "hidden" if hidden else "visible"
        yield Nested(name, content.reader, role="member", view=sight, compressed_size=compressed, told=told)

    def code(self, name: str, reader: Reader, offset: int) -> Iterator[Fact]:
        """What the code in a member would import and call, and which modules a package takes from its host."""
        language = language_of(name, package=self.package)
        if language is not None:
            from modelaudit.parsers.torch.source import read

            yield from read(self.path, name, reader, language, offset)
        elif name.endswith(EXTERNS):
            for module in externs(reader):
                text, lossy = clean(module[:TEXT_MAX])
                place = Place(offset=offset)
                yield Metadata(self.path, key="extern_module", value=text, type="str", lossy=lossy, places=(place,))

    def geometry(self) -> Iterator[Fact | Values]:
        """The tensors; storages that are missing, or of another size than the tensors say."""
        if not self.pickles or self.package:
            return
        from modelaudit.parsers.zip.geometry import READ_MAX, asked, mistakes
        from modelaudit.parsers.zip.tensors import Places
        from modelaudit.parsers.zip.values import Storages

        storages = None if self.big else Storages(self.reader, self.views)
        places = Places(self.path, self.sizes, {} if self.big else self.begins, self.reader.size, storages)
        for folder, reader, offset in self.pickles:
            machine = asked(reader, self.context.check)
            if machine is None:
                affects = frozenset({"tensor", "defect"})
                yield Limit(self.path, what="pickle", at=reader.size, budget=READ_MAX, by="file", affects=affects)
            else:
                self.asked |= {folder + key: storage.nbytes for key, storage in machine.storages.items()}
                if not machine.more:
                    self.told.add(folder)
                for code, detail in mistakes(folder, machine.storages, self.sizes):
                    yield self.defect(code, detail, offset)
                yield from places.facts(folder, machine)

    def storage(self, view: View, name: str, entry: Entry) -> Iterator[Fact | Nested]:
        """A tensor's bytes: only their beginning is looked at, in case they are a file instead."""
        if not is_file(self.registry(), lambda length: self.beginning(view, length)):
            return
        content = self.fetch(view)
        yield from self.problems(entry, name, set(), content)
        if content.reader is not None:
            compressed = None if view.method == STORED else view.compressed
            yield Nested(name, content.reader, role="member", view="visible", compressed_size=compressed)

    def beginning(self, view: View, length: int) -> bytes:
        """At most `length` bytes of a member."""
        part = region(self.reader, view)
        if view.method == STORED:
            return part.read_at(0, length)
        stream = expander(part, view)
        return stream.read(length) if stream is not None else b""

    def registry(self) -> Registry:
        """The catalogue of formats, to look at storages with."""
        if self._registry is None:
            from modelaudit.parsers.registry import Registry

            self._registry = Registry.load()
        return self._registry

    # What belongs to no member

    def regions(self, archive: Archive) -> Iterator[Nested]:
        """Bytes between and around the members, to be recognised for what they are."""
        for name, begin, stop in archive.regions[:REGIONS_MAX]:
            if self.polyglot and (begin == 0 or stop == self.reader.size):
                continue  # the other format's parser reads it
            yield Nested(name, SliceReader(self.reader, begin, stop - begin), role="other", view="hidden")
