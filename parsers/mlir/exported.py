"""The facts of an exported function of JAX: its program as an artifact, and what stands around it."""

from __future__ import annotations

from modelaudit.engine.facts import clean, decode
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.flatbuffers.table import Flat, Table
from modelaudit.parsers.mlir import MODULE
from modelaudit.parsers.notes import FileBudget, Notes
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

CONTENT = frozenset({"metadata", "blob"})
DEPTH = 200  # trees in trees, and derivatives of derivatives
VERSION, NAME, IN_TREE, OUT_TREE, PLATFORMS, ORDERED, UNORDERED, DISABLED, DERIVATIVE = 0, 1, 2, 4, 9, 10, 11, 12, 17
CHILDREN, CUSTOM_NAME, CUSTOM_DATA = 1, 3, 4  # slots of a tree of arguments


def parse_exported(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the file says."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Exported(notes).items())


class _Exported:
    """One file while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def items(self) -> Iterator[Fact | Nested | Property]:
        """The function and its derivatives, one behind the other."""
        try:
            table: Table | None = Flat(self.notes.reader, self.notes.context).root()
            for depth in range(DEPTH):
                if table is None:
                    break
                yield from self.function(table, depth)
                table = table.table(DERIVATIVE)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def function(self, table: Table, depth: int) -> Iterator[Fact | Nested | Property]:
        """One function: its names, the trees of its arguments, its program."""
        if not depth:
            yield Property("version", str(table.number(VERSION, "H")))
        self.word("function_name", table.text(NAME, 1024), table.at)
        for at, text in texts(table, PLATFORMS):
            self.word("platform", text, at)
        for slot in (ORDERED, UNORDERED):
            for effect in table.tables(slot):
                self.word("effect", effect.text(0, 1024), effect.at)
        for check in table.tables(DISABLED):
            self.word("disabled_check", check.text(1, 1024), check.at)
        for slot in (IN_TREE, OUT_TREE):
            tree = table.table(slot)
            if tree is not None:
                self.tree(tree)
        yield from self.notes.flush()
        begin, size = table.vector(MODULE, 1)
        if size:
            yield Nested(f"program-{depth}.mlirbc", SliceReader(self.notes.reader, begin, size), role="member")

    def tree(self, root: Table) -> None:
        """Classes that a tree of arguments names, and the data that they are built from."""
        rest = [(root, 0)]
        while rest:
            table, depth = rest.pop()
            if depth > DEPTH:
                raise FileBudget("nesting", depth, DEPTH)
            self.word("custom_name", table.text(CUSTOM_NAME, 1024), table.at)
            begin, size = table.vector(CUSTOM_DATA, 1)
            self.notes.file_at(begin, size, f"custom@0x{begin:x}", "metadata")
            rest += [(child, depth + 1) for child in table.tables(CHILDREN)]

    def word(self, key: str, raw: bytes, at: int) -> None:
        """Note a text under a key."""
        if raw:
            text, lossy = clean(decode(raw)[0])
            self.notes.metadata(key, text, "string", at, lossy=lossy)


def texts(table: Table, slot: int) -> Iterator[tuple[int, bytes]]:
    """The first texts of a vector of texts."""
    begin, count = table.vector(slot, 4)
    flat = table.flat
    for n in range(min(count, 64)):
        at = begin + 4 * n
        at += flat.number(at, "I")
        yield at, flat.take(at + 4, min(flat.number(at, "I"), 1024))
