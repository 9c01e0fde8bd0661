"""One event of a log: graphs, which TensorBoard draws and does not run, and what was logged."""

from __future__ import annotations

from modelaudit.parsers.base import Property
from modelaudit.parsers.protobuf.document import TEXT_MIN
from modelaudit.parsers.tensorflow.graph import GraphReader
from modelaudit.parsers.tensorflow.saved import MessageFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Input, Nested
    from modelaudit.parsers.protobuf.document import Document
    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage

    Items = Iterator[Fact | Nested | Property]

CONTENT_MAX = 64 * 1024  # bytes of what a plug-in keeps that are looked through as text
GRAPHS = frozenset({"partition_graphs", "pre_optimization_graph", "post_optimization_graph"})


def read_event(document: Document, artifact: Input, message: AnyMessage) -> Items:
    """What one event says."""
    for field in message.fields():
        if field.name == "file_version":
            yield Property("version", field.word(64).rpartition(":")[2])
        elif field.name == "summary":
            yield from _summary(document, field.sub())
        elif field.name == "graph_def":
            field.kind = "GraphDef"  # the definition says `bytes`
            yield from GraphReader(document).graph(field.sub(), "graph_def")
        elif field.name == "meta_graph_def":
            field.kind = "MetaGraphDef"
            yield from MessageFile(document, artifact).meta_graph(field.sub(), "meta_graph_def")
        elif field.name == "tagged_run_metadata":
            yield from _run(document, field.sub())
        elif field.kind in ("LogMessage", "SessionLog", "SourceMetadata"):
            _texts(document, field.sub(), field.name)
        yield from document.flush()


def _run(document: Document, message: AnyMessage) -> Items:
    """The graphs that a run was made of."""
    for field in message.fields():
        if field.name == "run_metadata":
            field.kind = "RunMetadata"
            yield from _graphs(document, field.sub(), "run_metadata")


def _graphs(document: Document, message: AnyMessage, path: str) -> Items:
    for field in message.fields():
        if field.name in GRAPHS:
            yield from GraphReader(document).graph(field.sub(), f"{path}/{field.name}")
        elif field.name == "function_graphs":
            yield from _graphs(document, field.sub(), f"{path}/{field.name}")


def _summary(document: Document, message: AnyMessage) -> Items:
    """The values that were logged under one step."""
    for field in message.fields():
        if field.name == "value":
            yield from _value(document, field.sub())


def _value(document: Document, message: AnyMessage) -> Items:
    """One value: a tensor, bytes of an image or a sound, texts, what a plug-in keeps."""
    tag = ""
    for field in message.fields():
        if field.name == "tag":
            tag = field.word(256)
        elif field.name == "tensor":
            yield from GraphReader(document).tensor(field, tag)
        elif field.name == "metadata":
            _about(document, field.sub(), tag)
        elif field.kind in ("Summary.Image", "Summary.Audio"):
            for inner in field.sub().fields():
                if inner.kind == "bytes":
                    document.payload(inner, f"{tag}@0x{inner.start:x}", "content")


def _about(document: Document, message: AnyMessage, tag: str) -> None:
    """The plug-in that shows a value, what it keeps, and what is said of the value."""
    for field in message.fields():
        if field.name == "plugin_data":
            for inner in field.sub().fields():
                if inner.name == "plugin_name":
                    document.metadata("plugin", inner.word(256), "string", inner.start)
                else:
                    _kept(document, inner, tag)
        elif field.kind == "string":
            _text(document, field, "doc", tag)


def _kept(document: Document, field: AnyField, tag: str) -> None:
    """What a plug-in keeps: a message of its own, whose texts stand in it as they are."""
    if field.size >= TEXT_MIN and not document.payload(field, f"{tag}@0x{field.start:x}", "metadata"):
        value, lossy, cut = field.text(CONTENT_MAX)
        document.words(value, "metadata", tag, field.start, lossy=lossy, cut=cut)


def _texts(document: Document, message: AnyMessage, owner: str) -> None:
    for field in message.fields():
        if field.kind == "string":
            _text(document, field, "metadata", owner)


def _text(document: Document, field: AnyField, role: str, owner: str) -> None:
    if field.size >= TEXT_MIN:
        document.text(field, role, owner)
