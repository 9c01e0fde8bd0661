"""The records of a file one by one: events, examples, or bytes that nobody says anything about."""

from __future__ import annotations

import os

from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.protobuf.document import Document
from modelaudit.parsers.protobuf.schema import Schema
from modelaudit.parsers.protobuf.wire import Message, Wire
from modelaudit.parsers.tfrecord import EVENTS, FOOTER, HEADER, length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.protobuf.fields import AnyMessage
    from modelaudit.parsers.protobuf.wire import Field

    Items = Iterator[Fact | Nested | Property]

RECORDS_MAX = 10_000_000
FIELDS_MAX = 100_000_000  # the log of a long training has many
LOOKED_AT = 10_000  # records of training data whose features are looked at
EVERY = 1024
EVENT = b"\x09"  # the tag of `wall_time`, which is written first
FEATURES = (b"\x0a", b"\x12")  # the tags of an example, or of a sequence of them

_schemas: list[Schema] = []


def schema() -> Schema:
    """The messages that records are, read on first use."""
    if not _schemas:
        _schemas.append(Schema.load(os.path.join(os.path.dirname(__file__), "messages.json")))
    return _schemas[0]


def parse_records(artifact: Input, context: Context) -> Items:
    """Everything that the records of a file say."""
    document = Document(artifact, context)
    return document.bounded(_within(document, _Records(document, artifact).items()))


def _within(document: Document, items: Items) -> Items:
    """The items; more records than are read are a limit of the file."""
    try:
        yield from items
    except FileBudget as spent:
        yield from document.flush()
        document.limit(spent.what, spent.at or 0, spent.budget or 0)
    yield from document.flush()


class _Records:
    """One file while it is read."""

    def __init__(self, document: Document, artifact: Input) -> None:
        self.document = document
        self.artifact = artifact
        self.wire = Wire(document.reader, schema(), document.context, document.report, self.unknown, FIELDS_MAX)
        self.loose = Wire(document.reader, schema(), document.context, lambda *_: None, None, FIELDS_MAX)
        self.looked = 0

    def unknown(self, field: Field) -> None:
        """Look at what stands in a field of a newer version."""
        if field.wire == 2:
            self.document.payload(field, f"field-{field.number}@0x{field.start:x}", "gap")

    def items(self) -> Items:
        """What every record says."""
        for start, size in self.places():
            tag = self.document.reader.read_at(start, 1)[:1] if size else b""
            if self.artifact.format == EVENTS or tag == EVENT:
                yield from self.event(Message(self.wire, "Event", start, start + size, 0))
            elif self.looked < LOOKED_AT:
                self.looked += 1
                self.example(start, size, tag)
            yield from self.document.flush()

    def places(self) -> Iterator[tuple[int, int]]:
        """Offset and size of the data of each record, up to the first that is none."""
        document, reader = self.document, self.document.reader
        at = n = 0
        while at < reader.size:
            n += 1
            if n % EVERY == 0:
                document.context.check()
                if n > RECORDS_MAX:
                    raise FileBudget("records", at, RECORDS_MAX)
            header = reader.read_at(at, HEADER)
            size = length(header)
            if size < 0 and len(header) == HEADER:
                document.fail("bad-record", f"record {n}: the checksum of its length does not hold", at)
            elif size < 0 or at + HEADER + size + FOOTER > reader.size:
                document.defect("record-cut", f"record {n} ends beyond the file", at)
            else:
                yield at + HEADER, size
                at += HEADER + size + FOOTER
                continue
            document.region(at, reader.size, f"rest@0x{at:x}")
            return

    def event(self, message: AnyMessage) -> Items:
        """What one event says."""
        from modelaudit.parsers.tfrecord.events import read_event

        return read_event(self.document, self.artifact, message)

    def example(self, start: int, size: int, tag: bytes) -> None:
        """Look at the features of an example, or at the bytes of a record that is none."""
        if self.document.file_at(start, size, f"record@0x{start:x}", "content"):
            return
        if tag in FEATURES:
            self.features(Message(self.loose, "SequenceExample", start, start + size, 0))

    def features(self, message: AnyMessage) -> None:
        """Look at every value of bytes in a message."""
        for field in message.fields():
            if field.kind == "bytes":
                self.document.payload(field, f"value@0x{field.start:x}", "content")
            elif field.wire == 2 and field.kind not in ("string", "int", "float"):
                self.features(field.sub())
