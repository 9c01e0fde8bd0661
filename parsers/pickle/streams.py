"""The streams of one file: one after another, behind junk, after a broken one."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Defect, Limit, Place
from modelaudit.parsers.base import BudgetSpent, Context, Property
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.state import KINDS
from modelaudit.parsers.pickle.tape import FileTape, Tape
from modelaudit.parsers.reader import WINDOW

STREAMS_MAX = 100_000
OVERLAP = 1024  # bytes that two windows of the search share
TEXT_GAP = WINDOW  # bytes behind a break that are searched for streams without a protocol header
PROBES = 64 * 1024 * 1024  # bytes of opcodes that a search may try in vain
TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py: the first of a legacy checkpoint's five streams
TORCH_ROLES = ("magic", "protocol", "sys_info", "object", "storage_keys")

_HEADER = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{5}\x00{3}|[(\]})NILFSVXUTKMJGBCPQc\x85\x88-\x8f])|"
    rb"[ci][A-Za-z_][\w.]{0,254}\n[A-Za-z_][\w.]{0,254}\n",
    re.DOTALL,
)
_BINARY = re.compile(rb"\x80[\x02-\x05](?:\x95.{5}\x00{3}|[(\]})NILFSVXUTKMJGBCPQc\x85\x88-\x8f])", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w.]*")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Input, Nested
    from modelaudit.parsers.reader import Reader


def read(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The facts of all streams of an artifact."""
    file = _File(artifact, context)
    offset: int | None = 0
    while offset is not None and offset < file.tape.size:
        if file.count >= STREAMS_MAX:
            yield Limit(artifact.path, what="streams", at=file.count, budget=STREAMS_MAX, by="file", affects=KINDS)
            return
        machine = file.machine(offset)
        yield from _run(machine, context)
        if machine.cut:
            yield from _run(file.again(machine), context)
        offset = yield from file.following(machine)


def _run(machine: Machine, context: Context) -> Iterator[Fact | Nested | Property]:
    """One stream's facts; when the scan's time is spent, those known so far come out first."""
    try:
        while machine.run():
            yield from machine.drained()
            context.check()
    except BudgetSpent:
        machine.end("time")
        yield from machine.drained()
        yield from machine.closing()
        raise
    yield from machine.drained()
    yield from machine.closing()
    if machine.index == 0:
        yield Property("version", str(machine.highest))


class _File:
    """Where the reading of an artifact stands between two streams."""

    __slots__ = ("artifact", "context", "count", "legacy", "resumed", "tape")

    def __init__(self, artifact: Input, context: Context) -> None:
        self.artifact = artifact
        self.context = context
        self.tape = Tape(artifact.reader)
        self.count = 0
        self.legacy = False
        self.resumed = False

    def machine(self, offset: int) -> Machine:
        """The machine of the stream at an offset."""
        machine = Machine(self.artifact.path, self.tape, self.context, offset, index=self.count)
        machine.texts = self.context.wants("text")
        machine.role = self._role()
        self.count += 1
        return machine

    def again(self, machine: Machine) -> Machine:
        """A machine that reads the same stream as a reader does that loses what a frame's end cuts."""
        other = Machine(
            self.artifact.path, FileTape(self.artifact.reader), self.context, machine.start, index=machine.index
        )
        other.role = machine.role
        return other

    def _role(self) -> str:
        if self.resumed:
            return "tail"
        if self.legacy:
            return TORCH_ROLES[self.count] if self.count < len(TORCH_ROLES) else "tail"
        return "nested" if "!literal@" in self.artifact.path else "main"

    def following(self, machine: Machine) -> Generator[Fact, None, int | None]:
        """Where the next stream starts, or None; bytes that belong to no stream are a defect."""
        offset, size = machine.offset, self.tape.size
        self.legacy = self.legacy or (
            machine.index == 0 and machine.result.__class__ is int and machine.result == TORCH_MAGIC
        )
        if offset >= size or machine.error == "limit" or (self.legacy and machine.index == len(TORCH_ROLES) - 1):
            return None
        reader = self.artifact.reader
        if machine.stopped and is_stream(reader, offset):
            return offset
        search = _Search(reader, self.context, offset if machine.stopped else offset + 1)
        found = search.run()
        if machine.stopped:
            until = size if found is None else found
            detail = f"{until - offset} bytes after a stream's STOP are no stream"
            yield Defect(
                self.artifact.path, code="trailing-data", detail=detail, affects=KINDS, places=(Place(offset=offset),)
            )
        if search.spent:
            yield Limit(self.artifact.path, what="search", at=search.tried, budget=PROBES, by="file", affects=KINDS)
        self.resumed = True
        return found


class _Search:
    """The search for the next stream in bytes that are none."""

    __slots__ = ("context", "reader", "spent", "start", "tried")

    def __init__(self, reader: Reader, context: Context, start: int) -> None:
        self.reader = reader
        self.context = context
        self.start = start
        self.tried = 0
        self.spent = False

    def run(self) -> int | None:
        """The offset of the first plausible stream, or None."""
        for candidate in self._candidates():
            machine = _probe(self.reader, candidate)
            if machine.stopped or machine.calls > machine.persistent or not machine.ended or _names(machine):
                return candidate
            self.tried += machine.offset - candidate
            if self.tried > PROBES:
                self.spent = True
                return None
        return None

    def _candidates(self) -> Iterator[int]:
        """Offsets at which a header or, soon after the break, a name in text form stands."""
        offset = self.start
        while offset < self.reader.size:
            self.context.check()
            data = self.reader.read_at(offset, WINDOW)
            pattern = _HEADER if offset < self.start + TEXT_GAP else _BINARY
            last = offset + len(data) >= self.reader.size
            stop = len(data) if last else max(1, len(data) - OVERLAP)
            for match in pattern.finditer(data):
                if match.start() < stop:
                    yield offset + match.start()
            if last or not data:
                return
            offset += stop


def _probe(reader: Reader, offset: int) -> Machine:
    """A machine that has read some thousand opcodes at an offset, or fewer when one of them was wrong."""
    machine = Machine("", Tape(reader), Context(wants=lambda _: False), offset, strict=True)
    machine.run()
    return machine


def _names(machine: Machine) -> bool:
    """Whether the stream resolves something that looks like a name of Python."""
    return any(_NAME.fullmatch(record.module) and _NAME.fullmatch(record.name) for record in machine.imports.values())


def is_stream(reader: Reader, offset: int = 0, depth: int = 3) -> bool:
    """Whether a stream starts at the offset: it ends properly, calls something, or goes on for long.

    Valid opcodes at the start of a text prove nothing, so that text must lead to more than a few constants.
    """
    machine = _probe(reader, offset)
    # A line that begins with P reads as PERSID, and EXT is three bytes of 256: both calls prove nothing by themselves.
    called = machine.calls > machine.persistent and any(not str(key[0]).startswith("EXT") for key in machine.imports)
    if called or not machine.ended or (machine.memo and machine.offset - offset >= 64):
        return bool(called or machine.memo or machine.imports or machine.highest)
    if not machine.stopped:
        return machine.highest > 0 and machine.offset > offset + 2
    if _names(machine) or machine.highest:
        return True
    rest = reader.read_at(machine.offset, 4096)
    return not machine.persistent and (not rest.strip() or (depth > 0 and is_stream(reader, machine.offset, depth - 1)))
