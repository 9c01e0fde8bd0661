"""The facts of a file of weights (`.ptd`): segments, and what they are called.

Layout: `extension/flat_tensor/serialize/flat_tensor.fbs` and `flat_tensor_header.h` of ExecuTorch.
"""

from __future__ import annotations

from modelaudit.engine.facts import decode
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.executorch.tensors import DIMENSIONS, tensor
from modelaudit.parsers.flatbuffers.table import Flat
from modelaudit.parsers.notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.flatbuffers.table import Table

CONTENT = frozenset({"tensor", "text", "metadata", "blob"})
EXTENDED, HEADER = b"FH01", 8
SHOWN = 1024  # bytes of a name
VERSION, SEGMENTS, NAMED = range(3)


def parse_weights(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """What the file names; the bytes of tensors are passed over, other bytes may be a file in themselves."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_items(notes))


def _items(notes: Notes) -> Iterator[Fact | Nested | Property]:
    flat = Flat(notes.reader, notes.context)
    try:
        base = flat.number(HEADER + 24, "Q") if flat.size >= 40 and flat.take(HEADER, 4) == EXTENDED else 0
        root = flat.root()
        yield Property("version", str(root.number(VERSION, "I")))
        segments = _segments(notes, flat, root, base)
        for table in root.tables(NAMED):
            yield from _named(notes, table, segments)
            yield from notes.flush()
    except Break as broken:
        notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
    yield from notes.flush()


def _segments(notes: Notes, flat: Flat, root: Table, base: int) -> list[tuple[int, int]]:
    found = []
    for table in root.tables(SEGMENTS):
        begin, size = base + table.number(0, "Q"), table.number(1, "Q")
        if begin + size > flat.size:
            notes.defect("bad-segment", f"{size} bytes at {begin} of {flat.size}", table.at)
            begin = size = 0
        found.append((begin, size))
    return found


def _named(notes: Notes, table: Table, segments: list[tuple[int, int]]) -> Iterator[Fact]:
    """One tensor, or bytes of another kind."""
    name, number = decode(table.text(0, SHOWN))[0], table.number(1, "I")
    if number >= len(segments):
        notes.defect("bad-index", f"{name}: segment {number} of {len(segments)}", table.at)
        return
    begin, size = segments[number]
    layout = table.table(2)
    if layout is None:
        notes.file_at(begin, size, f"data/{name[:200]}", "member")
        return
    fact = tensor(notes, name, layout.number(0, "b"), layout.numbers(1, "i", DIMENSIONS + 1), table.at)
    if fact.nbytes > size:
        notes.defect("tensor-size", f"{name}: {fact.nbytes} bytes are needed, {size} are there", table.at)
    yield fact.replace(storage_size=size)
