"""Graphs of an ONNX model: nodes with their attributes, graphs in attributes, tensors everywhere."""

from __future__ import annotations

from modelaudit.engine.facts import Op, Place, Reference, Relation, Tensor, clean, path_class
from modelaudit.parsers.base import Values
from modelaudit.parsers.onnx.tensors import TensorReader
from modelaudit.parsers.protobuf.document import TEXT_MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Nested
    from modelaudit.parsers.protobuf.document import Document
    from modelaudit.parsers.protobuf.wire import Field, Message

    Items = Iterator[Fact | Nested | Values]
    Functions = frozenset[tuple[str, str]]

ATTRIBUTES = 64  # of one node that are shown
VALUES = 16  # of a list
SHOWN = 256  # characters of a value
NAMES = 60_000  # characters of node names in one text
READ = 200_000  # names of values that nodes read; of a model with more nothing is said
MAIN = "graph"  # path of the outermost graph
STANDARD = "ai.onnx"  # the standard domain, when it is written
EP_CONTEXT = "EPContext"  # https://onnxruntime.ai/docs/execution-providers/EP-Context-Design.html


class Node:
    """What the fields of one node say."""

    __slots__ = ("attributes", "domain", "lossy", "name", "shown", "type")

    def __init__(self) -> None:
        self.type = ""
        self.domain = ""
        self.name = ""
        self.attributes: list[Field] = []
        self.shown: dict[str, str] = {}
        self.lossy = False


class GraphReader:
    """Makes facts of the graphs and functions of one model."""

    def __init__(self, document: Document, functions: Functions) -> None:
        self.document = document
        self.functions = functions
        self.tensors = TensorReader(document)
        self.names: list[str] = []
        self.length = 0
        self.reads: set[str] = set()  # names that nodes take and graphs give, where somebody asks for them
        self.stored: dict[str, int] = {}  # name and bytes of the tensors of the outermost graph
        self.asked = document.context.wants("relation.share")

    def graph(self, message: Message, path: str) -> Items:
        """Everything in a graph; `path` leads to it."""
        document = self.document
        for field in message.fields():
            if field.name == "node":
                yield from self.node(field.sub(), path)
            elif field.name == "initializer":
                yield from self.initializer(field.sub(), path)
            elif field.name == "sparse_initializer":
                yield from self.sparse(field.sub(), "sparse_initializer")
            elif field.name == "name":
                self.note_name(field.word())
            else:
                self.described(field, path)
                if self.asked and field.name == "output":
                    self.note_reads(inner for inner in field.sub().fields() if inner.name == "name")
            yield from document.flush()

    def initializer(self, message: Message, path: str) -> Items:
        """A tensor of a graph; those of the outermost one are held against what nodes read."""
        for item in self.tensors.read(message):
            tensor = item.tensor if isinstance(item, Values) else item
            if self.asked and path == MAIN and isinstance(tensor, Tensor) and len(self.stored) < READ:
                self.stored[tensor.name] = tensor.nbytes or 0
            yield item

    def note_reads(self, fields: Iterable[Field]) -> None:
        """Keep names of values that are read."""
        self.reads.update(clean(field.word())[0] for field in fields)
        if len(self.reads) > READ:
            self.asked, self.reads, self.stored = False, set(), {}

    def unused(self) -> Iterator[Relation]:
        """Which share of the bytes of all tensors no node reads, once everything was read."""
        left = {name: size for name, size in self.stored.items() if size and name not in self.reads}
        if left:
            size, of = sum(left.values()), sum(self.stored.values())
            yield Relation(
                self.document.path,
                kind="siblings",
                what="unused",
                a=max(left, key=lambda name: (left[name], name)),
                b=f"{len(self.stored)} tensors",
                share=size / of,
                detail=f"{len(left)} of {len(self.stored)} tensors, {size} of {of} bytes",
            )

    def function(self, message: Message, path: str) -> Items:
        """Everything in a function of the model."""
        document = self.document
        for field in message.fields():
            if field.name == "node":
                yield from self.node(field.sub(), path)
            elif field.name == "attribute_proto":
                _, _, items = self.attribute(field.sub(), path, "")
                yield from items
            else:
                self.described(field, path)
            yield from document.flush()
        yield from self.flush_names(message.start)

    def described(self, field: Field, path: str) -> None:
        """A field that describes values, or the graph itself."""
        document = self.document
        if field.name == "doc_string":
            document.text(field, "doc", path)
        elif field.name == "metadata_props":
            self.property(field)
        elif field.kind == "ValueInfoProto":
            for inner in field.sub().fields():
                if inner.name == "doc_string":
                    document.text(inner, "doc", path)
                elif inner.name == "metadata_props":
                    self.property(inner)
                elif inner.name == "type":
                    document.survey(inner.sub())
        elif field.kind not in ("string", "bytes"):
            document.survey(field.sub())

    def property(self, field: Field) -> None:
        """An entry of metadata inside of the graph: a text, for there are thousands of them."""
        found = {inner.name: inner for inner in field.sub().fields()}
        if "value" in found:
            key = found["key"].word() if "key" in found else ""
            if not self.document.payload(found["value"], f"metadata/{key}", "metadata"):
                self.document.text(found["value"], "metadata", key)

    def node(self, message: Message, path: str) -> Items:
        """The fact of a node, and everything in its attributes."""
        node = self._fields(message, path)
        below = f"{path}/{node.name or node.type}"[:1024]
        for field in node.attributes:
            name, value, items = self.attribute(field.sub(), below, node.type)
            if len(node.shown) < ATTRIBUTES:
                node.shown[name] = value
            yield from items
        yield self._op(node, message.start, path)
        if node.type == EP_CONTEXT and node.shown.get("embed_mode") == "0":
            yield self._context(node, message.start)

    def _fields(self, message: Message, path: str) -> Node:
        node = Node()
        inputs: list[Field] = []
        for field in message.fields():
            if field.name == "op_type":
                node.type, lossy, _ = field.text(1024)
                node.lossy |= lossy
            elif field.name == "domain":
                node.domain, lossy, _ = field.text(1024)
                node.lossy |= lossy
            elif field.name == "name":
                node.name = field.word()
            elif field.name == "attribute":
                node.attributes.append(field)
            elif field.name == "input":
                inputs.append(field)
            else:
                self.described(field, path)
        self.note_name(node.name)
        if self.asked:
            self.note_reads(inputs)
        return node

    def _op(self, node: Node, offset: int, path: str) -> Op:
        domain = "" if node.domain == STANDARD else node.domain
        return Op(
            self.document.path,
            domain=domain,
            type=node.type,
            name=node.name,
            graph_path=path,
            attributes=node.shown,
            local=(domain, node.type) in self.functions,
            places=(Place(offset=offset, node=node.name),),
            lossy=node.lossy,
        )

    def _context(self, node: Node, offset: int) -> Reference:
        """The file from which a runtime takes a graph that it compiled before."""
        target, lossy = clean(node.shown.get("ep_cache_context", ""))
        return Reference(
            self.document.path,
            target=target,
            kind="external-data",
            owner=node.name or node.type,
            key="ep_cache_context",
            path_class=path_class(target),
            places=(Place(offset=offset, node=node.name),),
            lossy=lossy,
        )

    def attribute(self, message: Message, path: str, owner: str) -> tuple[str, str, Items]:
        """Name and value of an attribute, and an iterator over what is in it."""
        name, value = "", ""
        parts: list[Field] = []
        for field in message.fields():
            if field.name == "name":
                name = field.word()
            elif field.name in ("type", "ref_attr_name"):
                value = value or f"@{field.word()}" if field.kind == "string" else value
            elif field.name == "doc_string":
                self.document.text(field, "doc", path)
            elif field.kind in ("int", "float"):
                value = _joined(value, ", ".join(map(_shown, field.numbers(VALUES))))
            else:
                parts.append(field)
        for field in parts[:VALUES]:
            shown = field.word(SHOWN) if field.kind == "bytes" else field.kind.removesuffix("Proto").lower()
            value = _joined(value, shown)
        return name, value, self._inside(parts, f"{path}/{name}", f"{owner}.{name}")

    def _inside(self, parts: list[Field], path: str, owner: str) -> Items:
        """Texts, tensors and graphs of an attribute."""
        document = self.document
        for field in parts:
            if field.kind == "GraphProto":
                yield from self.graph(field.sub(), path)
            elif field.kind == "TensorProto":
                yield from self.tensors.read(field.sub(), path)
            elif field.kind == "SparseTensorProto":
                yield from self.sparse(field.sub(), path)
            elif field.kind == "bytes":
                if field.size >= TEXT_MIN and not document.payload(field, f"{owner}@0x{field.start:x}", "literal"):
                    document.text(field, "literal", owner)
            else:
                document.survey(field.sub())
            yield from document.flush()

    def sparse(self, message: Message, owner: str) -> Items:
        """The two tensors of a sparse one."""
        for field in message.fields():
            if field.kind == "TensorProto":
                yield from self.tensors.read(field.sub(), f"{owner}.{field.name}")

    def note_name(self, name: str) -> None:
        """Keep a node's name for the text of all names."""
        if name and self.document.texts:
            self.names.append(name)
            self.length += len(name) + 1
            if self.length > NAMES:
                self.note_names(0)

    def note_names(self, offset: int) -> None:
        """Note the names so far as one text."""
        self.document.words("\n".join(self.names), "literal", "names", offset)
        self.names, self.length = [], 0

    def flush_names(self, offset: int) -> Items:
        """What is left of the names."""
        self.note_names(offset)
        yield from self.document.flush()


def _joined(value: str, more: str) -> str:
    return (f"{value}, {more}" if value else more)[:SHOWN]


def _shown(number: int | float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"
