"""The facts of a TensorFlow Lite model: buffers, then the subgraphs that use them, then metadata and what is behind."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import TEXT_MAX, decode
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.flatbuffers.table import Flat, Table
from modelaudit.parsers.notes import Notes
from modelaudit.parsers.reader import BytesReader, SliceReader
from modelaudit.parsers.tflite.associated import archive_start
from modelaudit.parsers.tflite.graph import Buffer, GraphReader, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

CONTENT = frozenset({"op", "tensor", "text", "metadata", "blob"})
SLACK = 4096  # bytes behind the last element that is known, which options of operators may take
SHORT = 256  # bytes of metadata that may be a text
DESCRIBED = b"M001"  # mark of the metadata that are a flat buffer themselves
VERSION, CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, _, METADATA, SIGNATURES = range(8)
WORDS = {0: "name", 1: "description", 2: "version", 4: "author", 5: "license"}


def parse_model(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the model says; weights are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Model(notes).items())


def load_schema() -> Schema:
    """The numbers of the format."""
    with open(os.path.join(os.path.dirname(__file__), "schema.json"), "rb") as file:
        return Schema(json.loads(file.read()))


class _Model:
    """One model while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.flat = Flat(notes.reader, notes.context)
        self.buffers: list[Buffer] = []

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Properties, operators and tensors, metadata, associated files."""
        try:
            root = self.flat.root()
            yield Property("version", str(root.number(VERSION, "I")))
            yield from self.model(root)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()
        self.behind()
        yield from self.notes.flush()

    def model(self, root: Table) -> Iterator[Fact | Nested]:
        """The tables of the model."""
        self.words("description", root.text(DESCRIPTION), "doc", root.at)
        self.buffers = [self.buffer(table) for table in root.tables(BUFFERS)]
        reader = GraphReader(self.notes, self.flat, load_schema(), self.buffers)
        reader.codes = [reader.code(table) for table in root.tables(CODES)]
        yield from reader.subgraphs(root, SUBGRAPHS)
        for table in root.tables(METADATA):
            self.metadata(table)
            yield from self.notes.flush()
        for table in root.tables(SIGNATURES):
            self.words("signature", table.text(2, 1024), "metadata", table.at)
            if table.number(4, "I") >= reader.count:
                self.notes.defect("bad-index", "a signature is one of a subgraph that is not there", table.at)

    def buffer(self, table: Table) -> Buffer:
        """A buffer: within the flat buffer, or behind it."""
        begin, count = table.vector(0, 1)
        offset, size = table.number(1, "Q"), table.number(2, "Q")
        if offset > 1:
            begin, count = offset, size
            if offset + size > self.flat.size:
                self.notes.defect("bad-buffer", f"{size} bytes at {offset} of {self.flat.size}", table.at)
            else:
                self.flat.furthest = max(self.flat.furthest, offset + size)
        return Buffer(begin, count)

    def words(self, key: str, raw: bytes, role: str, at: int) -> None:
        """Note a text of the model."""
        if raw:
            text, lossy = decode(raw)
            self.notes.metadata(key, text, "string", at, lossy=lossy)
            self.notes.words(text, role, key, at, lossy=lossy)

    def metadata(self, table: Table) -> None:
        """An entry of the metadata: its buffer is a short text, a description of the model, or unknown bytes."""
        key, number = decode(table.text(0, 1024))[0], table.number(1, "I")
        if number >= len(self.buffers):
            self.notes.defect("bad-index", f"the metadata {key} are buffer {number} of {len(self.buffers)}", table.at)
            return
        buffer = self.buffers[number]
        raw = self.notes.reader.read_at(buffer.begin, min(buffer.size, 4 * TEXT_MAX))
        if raw[4:8] == DESCRIBED:
            self.described(raw, buffer.begin)
            return
        self.notes.file_at(buffer.begin, buffer.size, f"metadata/{key[:200]}", "metadata")
        text, lossy = decode(raw.rstrip(b"\0"))
        if buffer.size <= SHORT and not lossy:
            self.notes.metadata(key, text, "string", buffer.begin)
            self.notes.words(text, "metadata", key, buffer.begin)
        else:
            self.notes.metadata(key, "", "bytes", buffer.begin, number=float(buffer.size))

    def described(self, raw: bytes, at: int) -> None:
        """What the model says of itself, a flat buffer in a buffer."""
        try:
            root = Flat(BytesReader(raw), self.notes.context).root()
            for slot, key in WORDS.items():
                self.words(key, root.text(slot), "doc" if key == "description" else "metadata", at)
        except Break as broken:
            self.notes.defect("bad-description", broken.detail, at)

    def behind(self) -> None:
        """What stands behind the flat buffer: an archive of associated files, or bytes that nothing names."""
        start = archive_start(self.notes.reader)
        end = self.flat.size if start is None else start
        if end - self.flat.furthest > SLACK and not self.notes.counts:
            self.notes.defect("trailing-data", f"{end - self.flat.furthest} bytes behind the model", self.flat.furthest)
            if len(self.notes.formats) <= 1:
                self.notes.region(self.flat.furthest, end, "trailing-data")
        if start is not None:
            reader = SliceReader(self.notes.reader, start, self.flat.size - start)
            self.notes.noted.append(Nested("associated-files", reader, role="container"))
