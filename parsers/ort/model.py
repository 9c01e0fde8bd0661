"""The facts of a model of ONNX Runtime: metadata, then every graph with those in the attributes of its nodes."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Op, Place, Reference, clean, decode, path_class
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.flatbuffers.table import Flat, Table
from modelaudit.parsers.notes import FileBudget, Notes
from modelaudit.parsers.onnx.graph import EP_CONTEXT, SHOWN, STANDARD, VALUES
from modelaudit.parsers.ort.tensors import TensorReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested

    Items = Iterator[Fact | Nested]

CONTENT = frozenset({"op", "tensor", "text", "metadata", "blob", "reference"})
DEPTH = 64  # graphs inside of each other
ATTRIBUTES = 64  # of one node that are shown
TEXT_MIN = 16  # bytes of an attribute that may be more than a word


def parse_model(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the model says; weights are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Model(notes).items())


class _Model:
    """One model while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        with open(os.path.join(os.path.dirname(__file__), "schema.json"), "rb") as file:
            self.slots = json.loads(file.read())
        self.tensors = TensorReader(notes, self.slots["types"], self.slots["tensor"])

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Version and producer, metadata, graphs."""
        slots = self.slots["session"]
        try:
            root = Flat(self.notes.reader, self.notes.context).root()
            yield Property("version", clean(decode(root.text(slots["version"], 100))[0])[0])
            model = root.table(slots["model"])
            if model is None:
                self.notes.fail("no-graph", "the session has no model", root.at)
            else:
                yield from self.model(model)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def model(self, table: Table) -> Iterator[Fact | Nested | Property]:
        """What the model says of itself, and its graph."""
        slots = self.slots["model"]
        yield Property("producer", clean(decode(table.text(slots["producer"], 256))[0])[0])
        yield Property("producer_version", clean(decode(table.text(slots["producer_version"], 256))[0])[0])
        for key in ("doc", "graph_doc"):
            self.words("doc_string", table.text(slots[key]), "doc", table.at)
        for entry in table.tables(slots["metadata"]):
            self.words(decode(entry.text(0, 1024))[0], entry.text(1), "metadata", entry.at)
            yield from self.notes.flush()
        graph = table.table(slots["graph"])
        if graph is None:
            self.notes.fail("no-graph", "the model has no graph", table.at)
        else:
            yield from self.graph(graph, "graph", 0)

    def words(self, key: str, raw: bytes, role: str, at: int) -> None:
        """Note a text of the model under its key."""
        if raw:
            text, lossy = decode(raw)
            key, lossy_key = clean(key)
            self.notes.metadata(key, text, "string", at, lossy=lossy or lossy_key)
            self.notes.words(text, role, key, at, lossy=lossy)

    def graph(self, table: Table, path: str, depth: int) -> Items:
        """Everything in a graph; `path` leads to it."""
        if depth > DEPTH:
            raise FileBudget("nesting", depth, DEPTH)
        slots = self.slots["graph"]
        for tensor in table.tables(slots["initializers"]):
            yield self.tensors.read(tensor)
            yield from self.notes.flush()
        for sparse in table.tables(slots["sparse"]):
            for slot in (0, 1):
                inner = sparse.table(slot)
                if inner is not None:
                    yield self.tensors.read(inner, "sparse")
            yield from self.notes.flush()
        for node in table.tables(slots["nodes"]):
            yield from self.node(node, path, depth)
            yield from self.notes.flush()

    def node(self, table: Table, path: str, depth: int) -> Items:
        """The fact of a node, and everything in its attributes."""
        slots = self.slots["node"]
        name, type, domain = (decode(table.text(slots[key], 1024)) for key in ("name", "type", "domain"))
        self.notes.words(decode(table.text(slots["doc"]))[0], "doc", name[0], table.at)
        below = f"{path}/{name[0] or type[0]}"[:1024]
        shown: dict[str, str] = {}
        for attribute in table.tables(slots["attributes"]):
            key = clean(decode(attribute.text(self.slots["attribute"]["name"], 256))[0])[0]
            if len(shown) < ATTRIBUTES:
                shown[key] = self.value(attribute)
            yield from self.attribute(attribute, f"{below}/{key}"[:1024], f"{type[0]}.{key}", depth)
            yield from self.notes.flush()
        yield Op(
            self.notes.path,
            domain="" if domain[0] == STANDARD else domain[0],
            type=type[0],
            name=name[0],
            graph_path=clean(path)[0],
            attributes=shown,
            places=(Place(offset=table.at, node=name[0]),),
            lossy=name[1] or type[1] or domain[1],
        )
        if type[0] == EP_CONTEXT and shown.get("embed_mode") == "0":
            yield self.compiled(shown.get("ep_cache_context", ""), name[0] or type[0], table.at)

    def compiled(self, target: str, owner: str, at: int) -> Reference:
        """The file from which a runtime takes a graph that was compiled before."""
        return Reference(
            self.notes.path,
            target=target,
            kind="external-data",
            owner=owner,
            key="ep_cache_context",
            path_class=path_class(target),
            places=(Place(offset=at, node=owner),),
        )

    def value(self, table: Table) -> str:
        """What is shown of an attribute."""
        slots = self.slots["attribute"]
        parts = [clean(decode(table.text(slots["s"], SHOWN))[0])[0]] if table.place(slots["s"]) is not None else []
        if table.place(slots["i"]) is not None:
            parts.append(str(table.number(slots["i"], "q")))
        parts += [str(number) for number in table.numbers(slots["ints"], "q", VALUES)]
        parts += [clean(decode(text)[0])[0] for text in self.strings(table)]
        return ", ".join(parts)[:SHOWN]

    def strings(self, table: Table) -> list[bytes]:
        """The first texts of a list of texts."""
        begin, count = table.vector(self.slots["attribute"]["strings"], 4)
        flat = table.flat
        places = [begin + 4 * n + flat.number(begin + 4 * n, "I") for n in range(min(count, VALUES))]
        return [flat.take(at + 4, min(flat.number(at, "I"), SHOWN)) for at in places]

    def attribute(self, table: Table, path: str, owner: str, depth: int) -> Items:
        """Texts, files, tensors and graphs in an attribute."""
        slots = self.slots["attribute"]
        begin, size = table.vector(slots["s"], 1)
        if size >= TEXT_MIN and not self.notes.file_at(begin, size, f"{owner[:200]}@0x{begin:x}", "literal"):
            text, lossy = decode(table.text(slots["s"]))
            self.notes.words(text, "literal", owner, begin, lossy=lossy)
        tensor, graph = table.table(slots["t"]), table.table(slots["g"])
        if tensor is not None:
            yield self.tensors.read(tensor, clean(path)[0])
        for inner in table.tables(slots["tensors"]):
            yield self.tensors.read(inner, clean(path)[0])
        if graph is not None:
            yield from self.graph(graph, path, depth + 1)
        for below in table.tables(slots["graphs"]):
            yield from self.graph(below, path, depth + 1)
