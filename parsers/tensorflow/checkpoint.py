"""The index of a checkpoint: which tensors it has and where in its data files they stand.

Keys are names of tensors, values are messages of `tensor_bundle.proto`; the first key is empty and belongs to the
header. Checkpoints of TensorFlow 1 have the tensors themselves in such a table (`saved_tensor_slice.proto`).
"""

from __future__ import annotations

from modelaudit.engine.facts import Place, Tensor, decode
from modelaudit.parsers.base import Context, Property
from modelaudit.parsers.protobuf.document import Document
from modelaudit.parsers.protobuf.wire import Wire
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.tensorflow.constants import known
from modelaudit.parsers.tensorflow.outline import schema
from modelaudit.parsers.tensorflow.table import TableError, entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Input, Nested
    from modelaudit.parsers.protobuf.fields import AnyMessage
    from modelaudit.parsers.reader import Reader

    Items = Iterator[Fact | Nested | Property]

TENSOR = frozenset({"tensor"})
LARGEST = 2**63 - 1
DIMENSIONS = 254


class Entry:
    """Where a tensor of a checkpoint stands."""

    __slots__ = ("dtype", "offset", "shape", "shard", "size")

    def __init__(self) -> None:
        self.dtype = 0
        self.shape: list[int] = []
        self.shard = 0
        self.offset = 0
        self.size = 0


def read_entry(message: AnyMessage) -> Entry:
    """The place that a message gives a tensor."""
    entry = Entry()
    for field in message.fields():
        if field.name == "dtype":
            entry.dtype = field.integer()
        elif field.name == "shape":
            entry.shape = dimensions(field.sub())
        elif field.name == "shard_id":
            entry.shard = field.integer()
        elif field.name in ("offset", "size"):
            setattr(entry, field.name, field.integer())
    return entry


def dimensions(message: AnyMessage) -> list[int]:
    """The sizes of a shape."""
    sizes: list[int] = []
    for field in message.fields():
        if field.name == "dim" and len(sizes) < DIMENSIONS:
            sizes.append(next((inner.integer() for inner in field.sub().fields() if inner.name == "size"), 0))
    return sizes


def shards(reader: Reader, context: Context) -> tuple[int, dict[int, int]]:
    """How many data files an index says there are, and how many bytes each must have. Raises `TableError`."""
    number, needed = 1, dict[int, int]()
    for n, (key, value, _) in enumerate(entries(reader)):
        if n % 4096 == 0:
            context.check()
        if key:
            entry = read_entry(_message(value, "BundleEntryProto"))
            needed[entry.shard] = max(needed.get(entry.shard, 0), entry.offset + entry.size)
        else:
            for field in _message(value, "BundleHeaderProto").fields():
                number = field.integer() if field.name == "num_shards" else number
    return number, needed


def _message(data: bytes, type: str) -> AnyMessage:
    return Wire(BytesReader(data), schema(), Context(), lambda *_: None).root(type)


def parse_table(artifact: Input, context: Context) -> Items:
    """A tensor fact for each entry, and the header's metadata."""
    return _Index(artifact, context).items()


class _Index:
    """One index while it is read."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.document = Document(artifact, context)
        self.known = known()
        self.old = False  # a table of TensorFlow 1, which has the tensors in it

    def items(self) -> Items:
        """Everything in the table, in order."""
        document = self.document
        last = None
        try:
            for n, (key, value, block) in enumerate(entries(document.reader)):
                if n % 1024 == 0:
                    document.context.check()
                if last is not None and key <= last:
                    document.defect("bad-table", "the keys are not in order", block)
                last = key
                yield from self.entry(key, value, block)
                yield from document.flush()
        except TableError as bad:
            document.defect(bad.code, bad.detail, 0, TENSOR)
        yield from document.flush()

    def message(self, value: bytes, type: str, block: int) -> AnyMessage:
        """A value as a message."""

        def report(code: str, detail: str, _: int) -> None:
            self.document.report(code, detail, block)

        return Wire(BytesReader(value), schema(), self.document.context, report).root(type)

    def entry(self, key: bytes, value: bytes, block: int) -> Items:
        """What one entry gives."""
        if not key:
            yield from self.header(value, block)
        elif self.old:
            self.document.survey(self.message(value, "SavedTensorSlices", block))
        else:
            entry = read_entry(self.message(value, "BundleEntryProto", block))
            if min(entry.offset, entry.size, entry.shard, *entry.shape, 0) < 0:
                self.document.defect("bad-entry", f"{decode(key[:200])[0]}: a number is negative", block)
            yield self.tensor(key, entry, block)

    def header(self, value: bytes, block: int) -> Items:
        """The header of the checkpoint, or of one of TensorFlow 1 with what it says of its tensors."""
        wrong: list[str] = []
        wire = Wire(BytesReader(value), schema(), self.document.context, lambda code, *_: wrong.append(code))
        fields = {field.name: field for field in wire.root("BundleHeaderProto").fields()}
        if "num_shards" in fields and not wrong:
            for name in ("num_shards", "endianness"):
                if name in fields:
                    self.document.metadata(name, str(fields[name].integer()), "int", block)
            return
        self.old = True
        yield Property("version", "1")
        for field in self.message(value, "SavedTensorSlices", block).fields():
            if field.name == "meta":
                for inner in field.sub().fields():
                    if inner.name == "tensor":
                        yield self.slice(inner.sub(), block)
                    else:
                        self.document.survey(inner.sub())

    def slice(self, message: AnyMessage, block: int) -> Tensor:
        """A tensor of TensorFlow 1."""
        entry, name = Entry(), b""
        for field in message.fields():
            if field.name == "name":
                name = field.raw(4096)
            elif field.name == "shape":
                entry.shape = dimensions(field.sub())
            elif field.name == "type":
                entry.dtype = field.integer()
            else:
                self.document.survey(field.sub())
        return self.tensor(name, entry, block)

    def tensor(self, key: bytes, entry: Entry, block: int) -> Tensor:
        """The fact of a tensor."""
        name, lossy = decode(key[:4096])
        dtype = self.known.dtypes.get(entry.dtype, str(entry.dtype))
        elements = 1
        for size in entry.shape:
            elements = min(elements * max(size, 0), LARGEST)
        return Tensor(
            self.document.path,
            name=name,
            dtype=dtype,
            shape=tuple(entry.shape),
            rows=entry.shape[0] if entry.shape else None,
            nbytes=min(elements * self.known.bytes.get(dtype, 0), LARGEST),
            storage_size=entry.size if entry.size >= 0 else None,
            places=(Place(offset=block),),
            lossy=lossy,
        )
