"""Saved models and what belongs to them: meta graphs, assets, collections, signatures, objects, Keras metadata."""

from __future__ import annotations

from modelaudit.engine.facts import Place, Reference, clean, path_class
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.protobuf.document import TEXT_MIN, Document
from modelaudit.parsers.protobuf.wire import FIELDS_MAX, Wire
from modelaudit.parsers.tensorflow.graph import GraphReader
from modelaudit.parsers.tensorflow.outline import TYPES, schema, text_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage

    Items = Iterator[Fact | Nested | Property]

HEAD = 4096  # bytes by which a text is told
ASSETS = "assets"  # the folder of a saved model that its assets stand in
ASSETS_MAX = 10_000
PRODUCER = "tensorflow"
SHOWN = 16  # values of a collection that are metadata


def parse_messages(artifact: Input, context: Context) -> Items:
    """Everything that a file of messages says, in whichever form."""
    document = Document(artifact, context)
    return document.bounded(MessageFile(document, artifact).items())


class MessageFile:
    """One file while it is read."""

    def __init__(self, document: Document, artifact: Input) -> None:
        self.document = document
        self.format = artifact.format

    def items(self) -> Items:
        """Everything in the outermost message."""
        root = self.root()
        yield from self.document.flush()
        if root is None:
            return
        read = {
            "SavedModel": self.saved_model,
            "MetaGraphDef": lambda message: self.meta_graph(message, "graph_def"),
            "GraphDef": lambda message: GraphReader(self.document).graph(message, "graph"),
            "KerasSavedMetadata": self.objects,
            "FingerprintDef": self.plain,
            "CheckpointState": self.checkpoint_state,
        }[root.type]
        yield from read(root)
        yield from self.document.flush()

    def root(self) -> AnyMessage | None:
        """The outermost message."""
        document = self.document
        type = TYPES.get(self.format)
        if type is None:
            from modelaudit.parsers.protobuf.text import read_text

            found = text_type(document.reader.read_at(0, HEAD), document.reader)
            return read_text(document, schema(), found or "GraphDef")
        wire = Wire(document.reader, schema(), document.context, document.report, document.unknown, FIELDS_MAX)
        return wire.root(type)

    def saved_model(self, message: AnyMessage) -> Items:
        """Every meta graph of a saved model."""
        index = 0
        for field in message.fields():
            if field.name == "meta_graphs":
                yield from self.meta_graph(field.sub(), f"meta_graphs[{index}]")
                index += 1
            else:
                yield Property("version", str(field.integer()))
        if not index:
            self.document.defect("no-graph", "the saved model has no meta graph", 0)

    def meta_graph(self, message: AnyMessage, path: str) -> Items:
        """Everything in a meta graph; assets come first, since constants of the graph stand for them."""
        assets: dict[str, str] = {}
        for field in message.fields():
            if field.name == "asset_file_def":
                yield from self.asset(field, assets)
        for field in message.fields():
            if field.name == "graph_def":
                yield from GraphReader(self.document, assets).graph(field.sub(), path)
            elif field.name == "meta_info_def":
                yield from self.info(field.sub())
            elif field.name == "collection_def":
                yield from self.collection(field)
            elif field.name == "signature_def":
                self.signature(field)
            elif field.name == "object_graph_def":
                yield from self.objects(field.sub())
            elif field.name != "asset_file_def":
                yield from self.plain(field.sub())
            yield from self.document.flush()

    def info(self, message: AnyMessage) -> Items:
        """What wrote the model, and its tags."""
        for field in message.fields():
            if field.name == "tensorflow_version":
                yield Property("producer", PRODUCER)
                yield Property("producer_version", field.word(256))
            elif field.name in ("tags", "meta_graph_version"):
                value, lossy, _ = field.text(1024)
                self.document.metadata(field.name, value, field.kind, field.start, lossy=lossy)
            elif field.kind not in ("string", "bool"):
                self.document.survey(field.sub())

    def asset(self, field: AnyField, assets: dict[str, str]) -> Items:
        """A file that belongs to the model, and the constant that stands for its path."""
        name, tensor, place = "", "", field.start
        lossy = False
        for inner in field.sub().fields():
            if inner.name == "filename":
                name, lossy, _ = inner.text(4096)
                place = inner.start
            else:
                words = [one.word() for one in inner.sub().fields() if one.name == "name"]
                tensor = words[-1] if words else ""
        classes = path_class(name)
        if len(assets) < ASSETS_MAX and tensor and not classes:
            assets[tensor.partition(":")[0]] = f"{ASSETS}/{name}"
        yield Reference(
            self.document.path,
            target=name,
            kind="asset",
            owner=clean(tensor)[0],
            key="filename",
            path_class=classes,
            places=(Place(offset=place),),
            lossy=lossy,
        )

    def collection(self, field: AnyField) -> Items:
        """A collection: its kind and first values as metadata, texts and files in it."""
        document = self.document
        key, body = "", None
        for inner in field.sub().fields():
            if inner.name == "key":
                key = inner.word()
            else:
                body = inner.sub()
        if body is None:
            return
        for kind in body.fields():
            shown: list[str] = []
            for value in kind.sub().fields():
                shown += self.collected(value, key, SHOWN - len(shown))
                yield from document.flush()
            document.metadata(f"collection:{key}", ", ".join(shown), kind.name, kind.start)

    def collected(self, value: AnyField, key: str, room: int) -> list[str]:
        """The words of one value of a collection, none when they are not shown."""
        document = self.document
        if value.kind in ("int", "float"):
            return [str(number) for number in value.numbers(room)] if room > 0 else []
        if value.kind == "Any":
            document.survey(value.sub())
            return [field.word(256) for field in value.sub().fields() if field.name == "type_url"][:room]
        if document.payload(value, f"collection/{key}@0x{value.start:x}", "metadata"):
            return []
        text, lossy, _ = value.text(256)
        if lossy or not text.isprintable():
            return []  # a message of its own, such as the definition of a variable
        if value.size >= TEXT_MIN:
            document.text(value, "metadata", f"collection:{key}")
        return [text] if room > 0 else []

    def signature(self, field: AnyField) -> None:
        """What the model offers to be called."""
        key, method = "", ""
        for inner in field.sub().fields():
            if inner.name == "key":
                key = inner.word()
            else:
                for part in inner.sub().fields():
                    if part.name == "method_name":
                        method = part.word()
                    else:
                        self.document.survey(part.sub())
        self.document.metadata(f"signature:{key}", method, "SignatureDef", field.start)

    def objects(self, message: AnyMessage) -> Items:
        """The objects of a model; the configuration of one is JSON, and an artifact of its own."""
        for field in message.fields():
            if field.name == "nodes" and field.kind != "SavedObject":
                yield from self.configuration(field.sub())
            elif field.name == "nodes":
                yield from self.object(field.sub())
            else:
                self.document.survey(field.sub())
            yield from self.document.flush()

    def object(self, message: AnyMessage) -> Items:
        """One object of an object graph."""
        for field in message.fields():
            if field.name == "user_object":
                yield from self.configuration(field.sub())
            elif field.kind not in ("string", "bytes", "int"):
                self.document.survey(field.sub())

    def configuration(self, message: AnyMessage) -> Items:
        """An object of the user's, or of Keras, with its configuration."""
        identifier, text = "", None
        for field in message.fields():
            if field.name == "identifier":
                identifier = field.word(256)
            elif field.name == "metadata":
                text = field
            elif field.kind not in ("string", "int"):
                self.document.survey(field.sub())
        if text is None or text.size <= 2:
            return
        self.document.text(text, "config", identifier)
        yield from self.document.flush()
        if text.raw(1) == b"{":
            yield Nested(f"{identifier.strip('_') or 'object'}@0x{text.start:x}.json", text.reader(), role="config")

    def checkpoint_state(self, message: AnyMessage) -> Items:
        """Which checkpoints there are; their paths are references."""
        for field in message.fields():
            if field.kind == "string":
                target, lossy, _ = field.text(4096)
                yield Reference(
                    self.document.path,
                    target=target,
                    kind="checkpoint",
                    owner="checkpoint",
                    key=field.name,
                    path_class=path_class(target),
                    places=(Place(offset=field.start),),
                    lossy=lossy,
                )
            else:
                self.document.metadata(field.name, str(field.numbers(1)[0]), field.kind, field.start)

    def plain(self, message: AnyMessage) -> Items:
        """A message whose values are metadata as they stand."""
        for field in message.fields():
            if field.kind in ("string", "bytes"):
                value, lossy, _ = field.text(1024)
                self.document.metadata(field.name, value, field.kind, field.start, lossy=lossy)
            elif field.kind in ("int", "uint", "float", "bool", "fixed32", "fixed64"):
                self.document.metadata(field.name, str(field.integer()), field.kind, field.start)
            else:
                self.document.survey(field.sub())
        yield from self.document.flush()
