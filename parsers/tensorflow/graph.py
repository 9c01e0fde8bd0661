"""Graphs and function libraries of TensorFlow: nodes, their attributes and constant inputs, tensors, texts."""

from __future__ import annotations

from modelaudit.engine.facts import Op, Place, Tensor, clean
from modelaudit.parsers.protobuf.document import TEXT_MIN
from modelaudit.parsers.tensorflow.calls import Calls
from modelaudit.parsers.tensorflow.constants import Constants, known, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Nested
    from modelaudit.parsers.protobuf.document import Document
    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage

    Items = Iterator[Fact | Nested]
    Written = Generator[Fact | Nested, None, str]  # yields what is in it, returns a text

ATTRIBUTES = 64  # of one node that are shown
INPUTS = 16
VALUES = 16  # of a list
SHOWN = 256  # characters of a value
FUNCTIONS = 200_000  # whose names are kept
WEIGHT = 256  # bytes of a constant from which on it is a tensor of its own
DIMENSIONS = 254  # that TensorFlow allows
LARGEST = 2**63 - 1
HANDLES = frozenset({"ResourceHandleProto", "VariantTensorDataProto"})
TEXTS = 256 * 1024  # characters of a tensor of texts that are looked at


class Node:
    """What the fields of one node say."""

    __slots__ = ("attributes", "device", "inputs", "lossy", "name", "op")

    def __init__(self) -> None:
        self.name = ""
        self.op = ""
        self.device = ""
        self.inputs: list[str] = []
        self.attributes: list[AnyField] = []
        self.lossy = False


class _Texts:
    """The texts of one constant."""

    __slots__ = ("room", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.room = TEXTS

    def add(self, field: AnyField) -> None:
        """Take a text in, as long as there is room."""
        if self.room > 0:
            self.texts.append(field.word(self.room))
            self.room -= len(self.texts[-1]) + 1

    def note(self, document: Document, owner: str, offset: int) -> None:
        """Note one text as it is, and several as a vocabulary."""
        if len(self.texts) > 1 or (self.texts and len(self.texts[0]) >= TEXT_MIN):
            role = "vocabulary" if len(self.texts) > 1 else "literal"
            document.words("\n".join(self.texts), role, owner, offset, cut=self.room <= 0)


class GraphReader:
    """Makes facts of graphs. `assets` are constants that stand for files of the model, by node name."""

    def __init__(self, document: Document, assets: Mapping[str, str] | None = None) -> None:
        self.document = document
        self.known = known()
        self.assets = assets or {}
        self.functions: set[str] = set()
        self.calls = Calls()

    def graph(self, message: AnyMessage, path: str) -> Items:
        """Everything in a graph and its library."""
        constants = Constants(self.known, self.assets)
        for field in message.fields():
            if field.name == "library":
                self.names(field.sub())
            elif field.name == "node":
                constants.learn(field.sub())
        for field in message.fields():
            if field.name == "node":
                yield from self.node(field.sub(), path, constants)
            elif field.name == "library":
                yield from self.library(field.sub(), path)
            elif field.name == "debug_info":
                self.document.survey(field.sub())
            yield from self.document.flush()

    def names(self, library: AnyMessage) -> None:
        """Keep the names of the functions, since a node can call one by its name alone."""
        for field in library.fields():
            if field.name == "function" and len(self.functions) < FUNCTIONS:
                self.functions.add(self.name_of(field.sub()))

    def name_of(self, function: AnyMessage) -> str:
        """The name of a function."""
        for field in function.fields():
            if field.name == "signature":
                return next((inner.word() for inner in field.sub().fields() if inner.name == "name"), "")
        return ""

    def library(self, message: AnyMessage, path: str) -> Items:
        """Everything in the functions of a graph."""
        for field in message.fields():
            if field.name == "function":
                function = field.sub()
                name = self.calls.inside = self.name_of(function)
                yield from self.function(function, f"{path}/{name}"[:1024])
            else:
                self.document.survey(field.sub())
            yield from self.document.flush()
        self.calls.inside = ""
        for name in self.calls.circles():
            self.document.defect("function-recursion", f"the function {name[:200]} comes back to itself", message.start)

    def function(self, message: AnyMessage, path: str) -> Items:
        """Everything in one function."""
        constants = Constants(self.known, self.assets)
        for field in message.fields():
            if field.name == "node_def":
                constants.learn(field.sub())
        for field in message.fields():
            if field.name == "node_def":
                yield from self.node(field.sub(), path, constants)
            else:
                self.document.survey(field.sub())
            yield from self.document.flush()

    def node(self, message: AnyMessage, path: str, constants: Constants) -> Items:
        """The fact of a node, and what is in its attributes."""
        node = self.fields(message)
        if node.op in self.functions:
            self.calls.add(node.op)
        shown: dict[str, str] = {"_device": node.device} if node.device else {}
        for attribute in node.attributes:
            key, value = value_of(attribute.sub())
            if value is None or key in self.known.quiet:
                continue
            text = yield from self.attribute(value.sub(), f"{node.op}.{key}", node.name)
            if len(shown) < ATTRIBUTES:
                shown[key] = text
        yield Op(
            self.document.path,
            type=node.op,
            name=node.name,
            graph_path=path,
            attributes=shown,
            const_inputs=tuple(constants.input(one) for one in node.inputs if not one.startswith("^")),
            local=node.op in self.functions,
            places=(Place(offset=message.start, node=node.name),),
            lossy=node.lossy,
        )

    def fields(self, message: AnyMessage) -> Node:
        """Read the fields of a node; its attributes are left for later."""
        node = Node()
        for field in message.fields():
            if field.name == "op":
                node.op, node.lossy, _ = field.text(1024)
            elif field.name == "name":
                node.name = field.word()
            elif field.name == "device":
                node.device = field.word(SHOWN)
            elif field.name == "input":
                if len(node.inputs) < INPUTS:
                    node.inputs.append(field.word())
            elif field.name == "attr":
                node.attributes.append(field)
            else:
                self.document.survey(field.sub())
        return node

    def attribute(self, value: AnyMessage, owner: str, node: str) -> Written:
        """Yield what is in an attribute; returns its text."""
        shown = ""
        for field in value.fields():
            if field.name == "list":
                parts: list[str] = []
                for inner in field.sub().fields():
                    text = yield from self.part(inner, owner, node)
                    if len(parts) < VALUES:
                        parts.append(text)
                shown = ", ".join(parts)[:SHOWN]
            else:
                shown = yield from self.part(field, owner, node)
        return shown

    def part(self, field: AnyField, owner: str, node: str) -> Written:
        """Yield what is in one value; returns its text."""
        if field.kind in ("bytes", "string"):
            if field.size >= TEXT_MIN and not self.document.payload(field, f"{owner}@0x{field.start:x}", "literal"):
                self.document.text(field, "literal", owner)
            yield from self.document.flush()
            return field.word(SHOWN)
        if field.name == "type":
            return self.known.dtype(field)
        if field.name == "func":
            return self.func(field.sub())
        if field.name == "tensor":
            yield from self.tensor(field, node)
            return "tensor"
        if field.name == "shape":
            return _shape(field.sub())
        return ", ".join(map(_shown, field.numbers(VALUES)))

    def func(self, message: AnyMessage) -> str:
        """The name of a function that an attribute names."""
        name = ""
        for field in message.fields():
            if field.name == "name":
                name = field.word(SHOWN)
            else:
                self.document.survey(field.sub())
        self.calls.add(name)
        return name

    def tensor(self, field: AnyField, name: str) -> Items:
        """The fact of a constant that is large enough to be a weight, and the texts and files in one."""
        dtype, texts = "", _Texts()
        shape: tuple[int, ...] = ()
        content: AnyField | None = None
        for inner in field.sub().fields():
            if inner.name == "dtype":
                dtype = self.known.dtype(inner)
            elif inner.name == "tensor_shape":
                shape = _dimensions(inner.sub())
            elif inner.name == "tensor_content":
                content = inner
                self.document.payload(inner, f"tensor@0x{inner.start:x}", "tensor")
            elif inner.name == "string_val":
                if not self.document.payload(inner, f"string@0x{inner.start:x}", "literal") and self.document.texts:
                    texts.add(inner)
            elif inner.kind in HANDLES:
                self.document.survey(inner.sub())
        texts.note(self.document, name, field.start)
        if field.size >= WEIGHT:
            yield self.weight(field, name, dtype, shape, content)
        yield from self.document.flush()

    def weight(
        self, field: AnyField, name: str, dtype: str, shape: tuple[int, ...], content: AnyField | None
    ) -> Tensor:
        """The fact of a tensor; bytes that do not fit its shape are a defect."""
        elements = 1
        for size in shape:
            elements *= max(size, 0)
        width = self.known.bytes.get(dtype, 0)
        if len(shape) > DIMENSIONS or any(size < 0 for size in shape) or elements * max(width, 1) > LARGEST:
            self.document.defect("bad-shape", f"{name}: {shape[:8]}", field.start)
            elements = 0
        elif content is not None and width and content.size != elements * width:
            detail = f"{name}: dtype and shape need {elements * width} bytes, {content.size} are there"
            self.document.defect("tensor-size", detail, field.start)
        shown, lossy = clean(name)
        return Tensor(
            self.document.path,
            name=shown,
            dtype=dtype,
            shape=shape[:DIMENSIONS],
            rows=shape[0] if shape else None,
            nbytes=elements * width,
            storage_size=content.size if content is not None else None,
            places=(Place(offset=field.start, node=shown),),
            lossy=lossy,
        )


def _dimensions(message: AnyMessage) -> tuple[int, ...]:
    """The sizes of a shape; more than are allowed are cut behind the first that is too many."""
    sizes: list[int] = []
    for field in message.fields():
        if field.name == "dim" and len(sizes) <= DIMENSIONS:
            sizes.append(next((inner.integer() for inner in field.sub().fields() if inner.name == "size"), 0))
    return tuple(max(min(size, LARGEST), -LARGEST) for size in sizes)


def _shape(message: AnyMessage) -> str:
    return "[" + ", ".join(map(str, _dimensions(message)[:VALUES])) + "]"


def _shown(number: int | float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"
