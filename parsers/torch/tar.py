"""Checkpoints of PyTorch before 0.1.10: a tar archive with the members `pickle`, `tensors` and `storages`.

Each member holds pickles, `tensors` and `storages` with raw data between them (`_legacy_load` in
`torch/serialization.py`). Tar headers are those of POSIX ustar; only as much of tar is read as such a file needs.
"""

from __future__ import annotations

from modelaudit.engine.facts import KINDS as ALL
from modelaudit.engine.facts import Defect, Limit, Member, Place, clean, decode, path_class
from modelaudit.parsers.base import Input, Nested, Property, Searched
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.streams import Streams
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.torch.storages import SIZES, ObjectMachine

BLOCK = 512
MEMBERS = ("pickle", "tensors", "storages")
MEMBERS_MAX = 10_000
LOOK = 64  # members among which the three are looked for
LINKS = (b"1", b"2")  # types of members that are only names
CONTENT = frozenset(ALL) - {"artifact", "member", "defect", "limit"}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.pickle.machine import Machine
    from modelaudit.parsers.reader import Reader


class Entry:
    """A member of a tar archive: `start` and `size` are those of its data."""

    __slots__ = ("kind", "name", "size", "start", "target")

    def __init__(self, name: str, kind: bytes, start: int, size: int, target: str) -> None:
        self.name = name
        self.kind = kind
        self.start = start
        self.size = 0 if kind in LINKS else size
        self.target = target

    @property
    def plain(self) -> str:
        """The name without a leading `./`."""
        return self.name.removeprefix("./")

    @property
    def end(self) -> int:
        """Where the next header stands."""
        return self.start + -(-self.size // BLOCK) * BLOCK


def entry_at(reader: Reader, offset: int) -> Entry | None:
    """The member whose header stands at the offset; None at the end and for what is no header."""
    raw = reader.read_at(offset, BLOCK)
    if len(raw) < BLOCK:
        return None
    size, written = _octal(raw[124:136]), _octal(raw[148:156])
    if size is None or written != sum(raw[:148]) + sum(raw[156:]) + 8 * 0x20:
        return None
    name, target = (decode(part.partition(b"\0")[0])[0] for part in (raw[:100], raw[157:257]))
    prefix = decode(raw[345:500].partition(b"\0")[0])[0] if raw[257:262] == b"ustar" and raw[262:263] == b"\0" else ""
    return Entry(f"{prefix}/{name}" if prefix else name, raw[156:157], offset + BLOCK, size, target)


def _octal(raw: bytes) -> int | None:
    digits = raw.strip(b"\0 ")
    return int(digits or b"0", 8) if all(48 <= byte < 56 for byte in digits) else None


def entries(reader: Reader) -> Iterator[Entry]:
    """The members, in order."""
    offset = 0
    while (entry := entry_at(reader, offset)) is not None:
        yield entry
        offset = entry.end


def is_checkpoint(reader: Reader) -> bool:
    """Whether the three members are among the first."""
    wanted = set(MEMBERS)
    for _, entry in zip(range(LOOK), entries(reader), strict=False):
        wanted.discard(entry.plain)
        if not wanted:
            return True
    return False


def parse_tar(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The members, and the facts of the pickles in the three that PyTorch reads."""
    path, reader = artifact.path, artifact.reader
    count, offset = 0, 0
    yield Property("version", "tar")
    for number, entry in enumerate(entries(reader)):
        context.check()
        if number >= MEMBERS_MAX:
            yield Limit(path, what="members", at=number, budget=MEMBERS_MAX, by="file", affects=frozenset(ALL))
            return
        yield _member(path, entry)
        offset = entry.end
        if entry.start + entry.size > reader.size:
            detail = f"{entry.name}: {entry.start + entry.size - reader.size} bytes missing"
            place = Place(offset=entry.start)
            yield Defect(path, code="truncated", detail=clean(detail)[0], affects=CONTENT, places=(place,))
        if entry.plain in MEMBERS:
            streams = _streams(artifact, context, entry, count)
            yield from streams.read_member(entry)
            count = streams.count
        elif entry.size:
            yield Nested(entry.name, SliceReader(reader, entry.start, entry.size), role="member")
    rest = reader.size - offset
    if rest > 0 and reader.read_at(offset, BLOCK).strip(b"\0"):
        place = Place(offset=offset)
        yield Defect(path, code="trailing-data", detail=f"{rest} bytes after the last member", places=(place,))
        yield Nested("trailing-data", SliceReader(reader, offset, rest), role="member", view="hidden")


def _streams(artifact: Input, context: Context, entry: Entry, count: int) -> _Pickles:
    """The streams of a member, at the offsets that they have in the archive."""
    reader = SliceReader(artifact.reader, 0, entry.start + entry.size)
    streams = _Pickles(Input(artifact.path, reader, artifact.format, depth=artifact.depth), context)
    streams.count = count
    return streams


def _member(path: str, entry: Entry) -> Member:
    name, lossy = clean(entry.name)
    return Member(
        path,
        name=name,
        size=entry.size,
        compressed_size=entry.size,
        method="stored",
        flags=frozenset(["link"] if entry.kind in LINKS else []),
        path_class=path_class(name),
        link_target=clean(entry.target)[0] if entry.kind in LINKS else None,
        offset=entry.start - BLOCK,
        places=(Place(offset=entry.start - BLOCK),),
        lossy=lossy,
    )


class _Pickles(Streams):
    """The pickles of one member."""

    __slots__ = ()

    def kind(self) -> type[Machine]:
        """Class of the next stream's machine."""
        return ObjectMachine

    def machine(self, offset: int) -> Machine:
        """The machine of the stream at an offset."""
        machine = super().machine(offset)
        machine.extension = None
        if isinstance(machine, ObjectMachine):
            machine.storages = {}
        return machine

    def read_member(self, entry: Entry) -> Iterator[Fact | Nested | Property | Searched]:
        """The facts of all pickles of the member; what is not as PyTorch writes it is searched for pickles."""
        offset = entry.start
        after = {"storages": self._storage, "tensors": self._tensor}.get(entry.plain)
        while after is not None and offset < self.tape.size:
            machine = self.machine(offset)
            yield from self.run(machine)
            if machine.index == 0:
                yield Property("version", str(machine.highest))
            offset = machine.offset
            if not machine.stopped:
                break
            offset = after(machine)
        yield from self.read_from(min(offset, self.tape.size))

    def _storage(self, machine: Machine) -> int:
        """Where the next pickle is to be expected: after a storage's key, location and type come its elements."""
        value = machine.result
        kind = value[2] if isinstance(value, tuple) and len(value) == 3 else None
        size = SIZES.get(kind.name) if isinstance(kind, v.Import) else None
        if size is None:
            return machine.offset
        return machine.offset + 8 + size * self._number(machine.offset, 8)

    def _tensor(self, machine: Machine) -> int:
        """The same for a tensor: after its key, storage and type come its dimensions, sizes, strides and offset."""
        value = machine.result
        if not isinstance(value, tuple) or len(value) != 3:
            return machine.offset
        return machine.offset + 8 + 16 * self._number(machine.offset, 4) + 8

    def _number(self, offset: int, size: int) -> int:
        return int.from_bytes(self.artifact.reader.read_at(offset, size), "little")
