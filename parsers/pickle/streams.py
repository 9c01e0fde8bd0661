"""The streams of one file: one after another, behind junk, after a broken one."""

from __future__ import annotations

from modelaudit.engine.facts import Call, Defect, Import, Limit, Place, Setattr
from modelaudit.parsers.base import BudgetSpent, Context, Property
from modelaudit.parsers.joblib import ARRAYS
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.opcodes import NAMES
from modelaudit.parsers.pickle.search import PROBES, Search, follows, names_behind
from modelaudit.parsers.pickle.state import KINDS
from modelaudit.parsers.pickle.tape import FileTape, Tape

STREAMS_MAX = 100_000
TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py: the first of a legacy checkpoint's five streams
TORCH_ROLES = ("magic", "protocol", "sys_info", "object", "storage_keys")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Input, Nested


def read(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The facts of all streams of an artifact."""
    file = _File(artifact, context)
    offset: int | None = 0
    while offset is not None and offset < file.tape.size:
        if file.count >= STREAMS_MAX:
            yield Limit(artifact.path, what="streams", at=file.count, budget=STREAMS_MAX, by="file", affects=KINDS)
            yield from names_behind(artifact.path, artifact.reader, offset, context)
            return
        machine = file.machine(offset)
        yield from file.run(machine)
        if machine.index == 0:
            yield Property("version", str(machine.highest))
        if machine.cut:
            yield from file.run(file.again(machine))
        if machine.split is not None:
            yield from file.plainly(machine)
        offset = yield from file.following(machine)


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
        machine.extension = ARRAYS
        self.count += 1
        return machine

    def again(self, machine: Machine) -> Machine:
        """A machine that reads the same stream as a reader does that loses what a frame's end cuts."""
        other = Machine(
            self.artifact.path, FileTape(self.artifact.reader), self.context, machine.start, index=machine.index
        )
        other.role = machine.role
        return other

    def run(self, machine: Machine) -> Iterator[Fact | Nested | Property]:
        """One stream's facts; when the scan's time is spent, those known so far come out first."""
        try:
            while machine.run():
                yield from machine.drained()
                self.context.check()
                if machine.inner is not None:
                    yield from self.inside(machine, machine.inner)
        except BudgetSpent:
            machine.end("time")
            yield from machine.drained()
            yield from machine.closing()
            raise
        self.read(machine)
        yield from machine.drained()
        yield from machine.closing()

    def inside(self, machine: Machine, offset: int) -> Iterator[Fact | Nested | Property]:
        """A stream that the loader reads on its own, within another one, which goes on behind it."""
        inner = self.machine(offset)
        inner.role, inner.extension = "nested", None
        yield from self.run(inner)
        machine.inner = None
        machine.offset = machine.passed(machine.offset, inner.offset)
        if not inner.stopped:
            machine.end(inner.error)

    def plainly(self, machine: Machine) -> Iterator[Fact | Nested | Property]:
        """What a plain unpickler does from where an extension has passed bytes that are opcodes for others."""
        other = Machine(self.artifact.path, Tape(self.artifact.reader), self.context, machine.start, index=-1)
        for fact in self.run(other):
            if isinstance(fact, (Import, Call, Setattr)) and (fact.places[0].offset or 0) >= (machine.split or 0):
                yield fact

    def _role(self) -> str:
        if self.resumed:
            return "tail"
        if self.legacy:
            return TORCH_ROLES[self.count] if self.count < len(TORCH_ROLES) else "tail"
        return "nested" if "!literal@" in self.artifact.path else "main"

    def read(self, machine: Machine) -> None:
        """Note what a stream's value says about the streams behind it."""
        if machine.index == 0 and machine.result.__class__ is int and machine.result == TORCH_MAGIC:
            self.legacy = True
            machine.role = TORCH_ROLES[0]

    def _headed(self, offset: int) -> bool:
        """Whether a protocol header and a valid opcode stand at the offset."""
        head = self.tape.peek(offset - self.tape.base, 3)
        return len(head) == 3 and head[0] == 0x80 and head[1] <= 5 and head[2] in NAMES

    def following(self, machine: Machine) -> Generator[Fact, None, int | None]:
        """Where the next stream starts, or None; bytes that belong to no stream are a defect."""
        offset, size = machine.offset, self.tape.size
        reader = self.artifact.reader
        if machine.error == "limit":
            yield from names_behind(self.artifact.path, reader, offset, self.context)
            return None
        storages = self.legacy and machine.stopped and machine.index == len(TORCH_ROLES) - 1
        if offset >= size or storages:
            return None
        if machine.stopped and (self._headed(offset) or follows(reader, offset)):
            return offset
        search = Search(reader, self.context, offset if machine.stopped else offset + 1)
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
