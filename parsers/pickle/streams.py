"""The streams of one file: one after another, behind junk, after a broken one."""

from __future__ import annotations

from modelaudit.engine.facts import Call, Defect, Import, Limit, Place, Setattr
from modelaudit.parsers.base import BudgetSpent, Context, Property
from modelaudit.parsers.joblib import ARRAYS
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.notes import KINDS
from modelaudit.parsers.pickle.opcodes import NAMES
from modelaudit.parsers.pickle.search import PROBES, Search, follows, names_behind
from modelaudit.parsers.pickle.tape import Break, FileTape, Tape

STREAMS_MAX = 100_000
TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py: the first of a legacy checkpoint's five streams
UNREAD = ("limit", "array-size")  # how a stream ends that its reader would go on with
NO_TEXT = frozenset([int, float, bool, type(None), bytes, tuple, v.Import, v.Instance])
TORCH_ROLES = ("magic", "protocol", "sys_info", "object", "storage_keys")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Input, Nested, Searched


def read(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The facts of all streams of an artifact."""
    return Streams(artifact, context).read_from(0)


def _turned() -> Iterable[str]:
    """Words of constants that are turned around."""
    from modelaudit.parsers.wordings import words

    return words()


class Exact(Machine):
    """A machine that ends where an unpickler would, with `strict`."""

    def resolve(self, opcode: str, module: object, name: object, offset: int) -> v.Import:
        """An import; a name that is certainly no text is an error."""
        for operand in (module, name):
            if operand.__class__ in NO_TEXT or isinstance(operand, v.Container):
                raise Break("bad-operand", "a name that is no text")
        return super().resolve(opcode, module, name, offset)


class Streams:
    """Where the reading of an artifact stands between two streams."""

    __slots__ = ("artifact", "context", "count", "legacy", "resumed", "tape")

    def __init__(self, artifact: Input, context: Context) -> None:
        self.artifact = artifact
        self.context = context
        self.tape = Tape(artifact.reader)
        self.count = 0
        self.legacy = False
        self.resumed = False

    def read_from(self, start: int) -> Iterator[Fact | Nested | Property | Searched]:
        """The facts of all streams from an offset on."""
        offset: int | None = start
        path = self.artifact.path
        while offset is not None and offset < self.tape.size:
            if self.count >= STREAMS_MAX:
                yield Limit(path, what="streams", at=self.count, budget=STREAMS_MAX, by="file", affects=KINDS)
                yield from names_behind(path, self.artifact.reader, offset, self.context)
                return
            machine = self.machine(offset)
            yield from self.run(machine)
            if machine.index == 0:
                yield Property("version", str(machine.highest))
            if machine.cut:
                yield from self.again(machine)
            if machine.split is not None:
                yield from self.plainly(machine)
            offset = yield from self.following(machine)

    def machine(self, offset: int) -> Machine:
        """The machine of the stream at an offset."""
        machine = self.kind()(self.artifact.path, self.tape, self.context, offset, index=self.count)
        machine.texts = self.context.wants("text.literal")
        machine.sought = None if machine.texts else self.context.sought("literal", _turned)
        machine.role = self._role()
        machine.extension = ARRAYS
        self.count += 1
        return machine

    def kind(self) -> type[Machine]:
        """Class of the next stream's machine."""
        return Machine

    def again(self, machine: Machine) -> Iterator[Fact | Nested | Property | Searched]:
        """What the same stream does in a reader that loses what a frame's end cuts; known defects are left out."""
        tape = FileTape(self.artifact.reader)
        other = Machine(self.artifact.path, tape, self.context, machine.start, index=machine.index)
        other.role = machine.role
        for fact in self.run(other):
            if not (isinstance(fact, Defect) and machine.reported(fact.code)):
                yield fact

    def run(self, machine: Machine) -> Iterator[Fact | Nested | Property | Searched]:
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

    def inside(self, machine: Machine, offset: int) -> Iterator[Fact | Nested | Property | Searched]:
        """A stream that the loader reads on its own, within another one, which goes on behind it."""
        inner = self.machine(offset)
        inner.role, inner.extension = "nested", None
        yield from self.run(inner)
        machine.inner = None
        machine.offset = machine.passed(machine.offset, inner.offset)
        if not inner.stopped:
            machine.end(inner.error)

    def plainly(self, machine: Machine) -> Iterator[Fact | Nested | Property | Searched]:
        """What a plain unpickler does from where an extension has passed bytes that are opcodes for others.

        Such an unpickler seldom gets far; what it would do after its first error is left out.
        """
        tape = Tape(self.artifact.reader)
        other = Exact(self.artifact.path, tape, self.context, machine.start, index=-1, strict=True)
        for fact in self.run(other):
            if isinstance(fact, (Import, Call, Setattr)) and (fact.places[0].offset or 0) >= (machine.split or 0):
                yield fact.replace(stray=True)

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
        """Where the next stream starts, or None."""
        if machine.error in UNREAD:
            yield from names_behind(self.artifact.path, self.artifact.reader, machine.offset, self.context)
        if machine.error == "limit":
            return None
        storages = self.legacy and machine.stopped and machine.index == len(TORCH_ROLES) - 1
        if machine.offset >= self.tape.size or storages:
            return None
        return (yield from self.search(machine.offset, stopped=machine.stopped))

    def search(self, offset: int, *, stopped: bool) -> Generator[Fact, None, int | None]:
        """Where a stream starts, at the offset or behind it; bytes that belong to no stream are a defect."""
        reader, size = self.artifact.reader, self.tape.size
        if stopped and (self._headed(offset) or follows(reader, offset)):
            return offset
        search = Search(reader, self.context, offset if stopped else offset + 1)
        found = search.run()
        if stopped:
            until = size if found is None else found
            detail = f"{until - offset} bytes after a stream's STOP are no stream"
            yield Defect(
                self.artifact.path, code="trailing-data", detail=detail, affects=KINDS, places=(Place(offset=offset),)
            )
        if search.spent:
            yield Limit(self.artifact.path, what="search", at=search.tried, budget=PROBES, by="file", affects=KINDS)
        self.resumed = True
        return found
