"""The facts of a program: segments first, then each method with its values, operators, delegates and instructions."""

from __future__ import annotations

from modelaudit.engine.facts import Op, Place, decode
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.executorch.tensors import DIMENSIONS, tensor
from modelaudit.parsers.flatbuffers.table import Flat
from modelaudit.parsers.notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact, Tensor
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.flatbuffers.table import Table

CONTENT = frozenset({"op", "tensor", "text", "metadata", "blob"})
EXTENDED, HEADER = b"eh00", 8  # the header behind the mark, which says where segments begin
SHOWN = 256  # bytes of a name
INDICES = 100_000  # numbers of one vector that are compared
SLACK = 65536  # bytes of padding in front of a segment or behind the last one
VERSION, PLANS, CONSTANTS, INLINE, SEGMENTS, WEIGHTS, MUTABLE, NAMED = range(8)
TENSOR = 5  # of the union of values
KERNEL, DELEGATE, MOVE, JUMP, FREE = range(1, 6)  # of the union of instructions


def parse_program(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the program says; weights are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Program(notes).items())


class _Program:
    """One program while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.flat = Flat(notes.reader, notes.context)
        self.base = self.size = 0  # where segments begin, and how long the program is; 0 without a header
        self.segments: list[tuple[int, int]] = []
        self.inline: list[tuple[int, int]] = []

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Properties, then the methods."""
        try:
            self.header()
            root = self.flat.root()
            yield Property("version", str(root.number(VERSION, "I")))
            self.data(root)
            for plan in root.tables(PLANS):
                yield from self.method(plan)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        self.behind()
        yield from self.notes.flush()

    def header(self) -> None:
        """The header that says how long the program is, and where segments begin."""
        if self.flat.size < HEADER + 8 or self.flat.take(HEADER, 4) != EXTENDED:
            return
        self.size, self.base = self.flat.number(HEADER + 8, "Q"), self.flat.number(HEADER + 16, "Q")
        if self.size > self.flat.size or self.base > self.flat.size:
            self.notes.defect("bad-segment", f"{self.size} and {self.base} of {self.flat.size} bytes", HEADER)
            self.size = self.base = 0

    def data(self, root: Table) -> None:
        """Segments, and data of delegates that stand in the program itself."""
        for table in root.tables(SEGMENTS):
            begin, size = self.base + table.number(0, "Q"), table.number(1, "Q")
            if begin + size > self.flat.size:
                self.notes.defect("bad-segment", f"{size} bytes at {begin} of {self.flat.size}", table.at)
                begin = size = 0
            self.segments.append((begin, size))
            self.flat.furthest = max(self.flat.furthest, begin + size)
        self.inline = [table.vector(0, 1) for table in root.tables(INLINE)]
        for table in root.tables(CONSTANTS):
            table.vector(0, 1)
        for part in [root.table(WEIGHTS), *root.tables(MUTABLE)]:
            self.offsets(part)

    def offsets(self, part: Table | None) -> None:
        """Where tensors begin in a segment."""
        if part is None:
            return
        number = part.number(0, "I")
        offsets = part.numbers(1, "Q", INDICES)
        size = self.segments[number][1] if number < len(self.segments) else None
        if offsets and (size is None or max(offsets) > size):
            self.notes.defect("bad-index", f"offsets of the segment {number} of {len(self.segments)}", part.at)

    # Methods

    def method(self, plan: Table) -> Iterator[Fact | Nested]:
        """One method."""
        name = self.word(plan, 0)
        self.notes.metadata("method", name, "string", plan.at)
        values = 0
        for value in plan.tables(2):
            values += 1
            inner = value.table(1) if value.number(0, "B") == TENSOR else None
            if inner is not None:
                yield self.tensor(inner)
                yield from self.notes.flush()
        operators = delegates = 0
        for operator in plan.tables(6):
            operators += 1
            yield self.operator(operator, name)
        for delegate in plan.tables(7):
            delegates += 1
            yield self.delegate(delegate, name)
            yield from self.notes.flush()
        for slot in (3, 4):
            self.within(plan.numbers(slot, "i", INDICES), values, f"{name}: an input or output", plan.at)
        for chain in plan.tables(5):
            self.chain(chain, name, (values, operators, delegates))
        yield from self.notes.flush()

    def word(self, table: Table, slot: int) -> str:
        """A name."""
        return decode(table.text(slot, SHOWN))[0]

    def operator(self, table: Table, method: str) -> Op:
        """One operator: `aten::add.out` is add of aten, with the overload as an attribute."""
        whole, overload = self.word(table, 0), self.word(table, 1)
        domain, _, type = whole.rpartition("::")
        attributes = {"overload": overload} if overload else {}
        return Op(
            self.notes.path,
            domain=domain,
            type=type,
            graph_path=method,
            attributes=attributes,
            places=(Place(offset=table.at),),
        )

    def delegate(self, table: Table, method: str) -> Op:
        """What runs on another engine, and the bytes that it is given, which may be a file in themselves."""
        name, data = self.word(table, 0), table.table(1)
        if data is not None:
            held = self.segments if data.number(0, "B") else self.inline
            number = data.number(1, "I")
            if number >= len(held):
                self.notes.defect("bad-index", f"{method}/{name}: data {number} of {len(held)}", data.at)
            elif held[number][1]:
                self.notes.file_at(*held[number], f"delegate/{name}", "member")
        return Op(self.notes.path, domain="delegate", type=name, graph_path=method, places=(Place(offset=table.at),))

    def tensor(self, table: Table) -> Tensor:
        """One tensor, whose bytes stand in a segment, in another file, or nowhere yet."""
        more = table.table(9)
        name = self.word(more, 1) if more is not None else ""
        if table.number(1, "i") < 0:
            self.notes.defect("bad-shape", f"{name or 'a tensor'} begins before its bytes", table.at)
        return tensor(self.notes, name, table.number(0, "b"), table.numbers(2, "i", DIMENSIONS + 1), table.at)

    def chain(self, chain: Table, method: str, counts: tuple[int, int, int]) -> None:
        """The instructions, whose numbers have to lead somewhere."""
        values, operators, delegates = counts
        length = chain.vector(2, 4)[1]
        for instruction in chain.tables(2):
            kind, inner = instruction.number(0, "B"), instruction.table(1)
            if inner is None or not KERNEL <= kind <= FREE:
                self.notes.defect("bad-index", f"{method}: an instruction of the kind {kind}", instruction.at)
                continue
            first, found = inner.number(0, "i"), [inner.number(0, "i")]
            if kind in (KERNEL, DELEGATE):
                most = operators if kind == KERNEL else delegates
                self.within([first], most, f"{method}: a call", inner.at, least=0)
                found = inner.numbers(1, "i", INDICES)
            elif kind == MOVE:
                found.append(inner.number(1, "i"))
            elif kind == JUMP:
                self.within([inner.number(1, "i")], length + 1, f"{method}: a jump", inner.at, least=0)
            self.within(found, values, f"{method}: a value", inner.at, least=0)

    def within(self, numbers: list[int], count: int, what: str, at: int, *, least: int = 0) -> None:
        """Note numbers that lead to nothing."""
        wrong = next((number for number in numbers if not least <= number < count), None)
        if wrong is not None:
            self.notes.defect("bad-index", f"{what} is {wrong} of {count}", at)

    def behind(self) -> None:
        """Bytes behind everything that the program names."""
        end = max(self.flat.furthest, self.size)
        if self.flat.size - end > SLACK and not self.notes.counts:
            self.notes.defect("trailing-data", f"{self.flat.size - end} bytes behind the program", end)
            if len(self.notes.formats) <= 1:
                self.notes.region(end, self.flat.size, "trailing-data")
