"""The facts of an ONNX model, in the order of its outermost fields; functions are known before the graphs are read."""

from __future__ import annotations

from modelaudit.parsers.base import Property, Values
from modelaudit.parsers.onnx.graph import MAIN, STANDARD, GraphReader
from modelaudit.parsers.onnx.outline import schema
from modelaudit.parsers.onnx.tensors import TensorReader
from modelaudit.parsers.protobuf.document import Document
from modelaudit.parsers.protobuf.wire import FIELDS_MAX, Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.protobuf.document import Outside
    from modelaudit.parsers.protobuf.wire import Field

FUNCTIONS = 100_000  # whose names are kept
BODIES = ("graph", "functions", "training_info")
PROPERTIES = {"ir_version": "version", "producer_name": "producer", "producer_version": "producer_version"}


def parse_model(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Everything that the model says; weights are passed over."""
    document = Document(artifact, context)
    return document.bounded(_Model(document).items())


def described(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """What the model says of itself; its graphs are passed over."""
    document = Document(artifact, context)
    return document.bounded(_Model(document).about())


def tensors_outside(artifact: Input, context: Context, outside: Outside) -> Iterator[Values]:
    """The tensors of a model whose values `outside` has; nothing else that the model says."""
    document = Document(artifact, context, outside)
    for item in document.bounded(_Model(document).items()):
        if isinstance(item, Values) and item.tensor.storage_size is None and item.tensor.data_offset is None:
            yield item


def parse_tensor(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """The fact of a tensor in a file of its own."""
    document = Document(artifact, context)
    wire = Wire(document.reader, schema(), context, document.report, document.unknown, FIELDS_MAX)
    return document.bounded(TensorReader(document).read(wire.root("TensorProto"), "tensor"))


class _Model:
    """One model while it is read."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.wire = Wire(document.reader, schema(), document.context, document.report, document.unknown, FIELDS_MAX)
        self.functions: set[tuple[str, str]] = set()

    def items(self) -> Iterator[Fact | Nested | Property | Values]:
        """Properties and metadata, then functions and graphs."""
        bodies: list[Field] = []
        for field in self.wire.root("ModelProto").fields():
            if field.name in BODIES:
                self.function_of(field)
                bodies.append(field)
            else:
                yield from self.described(field)
            yield from self.document.flush()
        if not any(field.name == "graph" for field in bodies):
            self.document.defect("no-graph", "the model has no graph", 0)
        yield from self.document.flush()
        yield from self.bodies(bodies)

    def about(self) -> Iterator[Fact | Nested | Property]:
        """Properties and metadata alone."""
        for field in self.wire.root("ModelProto").fields():
            if field.name not in BODIES:
                yield from self.described(field)
                yield from self.document.flush()

    def function_of(self, field: Field) -> None:
        """Keep domain and name of a function."""
        if field.name == "functions" and len(self.functions) < FUNCTIONS:
            words = {"domain": "", "name": ""}
            for inner in field.sub().fields():
                if inner.name in words:
                    words[inner.name] = inner.word()
            domain = "" if words["domain"] == STANDARD else words["domain"]
            self.functions.add((domain, words["name"]))

    def described(self, field: Field) -> Iterator[Property]:
        """What the model says of itself."""
        document = self.document
        if field.name == "doc_string":
            document.text(field, "doc", "model")
            value, lossy, _ = field.text(256 * 1024)
            document.metadata(field.name, value, "string", field.start, lossy=lossy)
        elif field.name == "metadata_props":
            self.property(field)
        elif field.name == "opset_import":
            self.opset(field)
        elif field.name == "configuration":
            document.survey(field.sub())
        else:
            value, lossy, _ = field.text(4096) if field.wire == 2 else (str(field.integer()), False, False)
            document.metadata(field.name, value, field.kind, field.start, lossy=lossy)
            if field.name in PROPERTIES:
                yield Property(PROPERTIES[field.name], value)

    def property(self, field: Field) -> None:
        """One entry of the model's metadata."""
        found = {inner.name: inner for inner in field.sub().fields()}
        value = found.get("value")
        key = found["key"].word() if "key" in found else ""
        if value is None or self.document.payload(value, f"metadata/{key}", "metadata"):
            return
        text, lossy, cut = value.text(256 * 1024)
        self.document.metadata(key, text, "string", value.start, lossy=lossy)
        self.document.words(text, "metadata", key, value.start, lossy=lossy, cut=cut)

    def opset(self, field: Field) -> None:
        """An operator set that the model is written for."""
        domain, version = "", 0
        for inner in field.sub().fields():
            if inner.name == "domain":
                domain = inner.word()
            elif inner.name == "version":
                version = inner.integer()
        self.document.metadata(f"opset:{domain}", str(version), "int", field.start)

    def bodies(self, bodies: list[Field]) -> Iterator[Fact | Nested | Values]:
        """Functions, graphs and the graphs of training."""
        reader = GraphReader(self.document, frozenset(self.functions))
        for field in bodies:
            if field.name == "graph":
                yield from reader.graph(field.sub(), MAIN)
            elif field.name == "functions":
                yield from reader.function(field.sub(), f"functions@0x{field.start:x}")
            else:
                yield from self.training(field, reader)
        yield from reader.flush_names(0)
        yield from reader.unused()

    def training(self, field: Field, reader: GraphReader) -> Iterator[Fact | Nested | Values]:
        """The graphs that initialise and train."""
        for inner in field.sub().fields():
            if inner.kind == "GraphProto":
                yield from reader.graph(inner.sub(), f"training_info.{inner.name}")
            else:
                reader.property(inner)
            yield from self.document.flush()
