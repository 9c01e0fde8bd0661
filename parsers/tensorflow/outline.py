"""What a file of messages is: its outermost fields, and the first things that stand in them."""

from __future__ import annotations

import os
import re

from modelaudit.parsers.base import BudgetSpent, Context
from modelaudit.parsers.protobuf.schema import Schema
from modelaudit.parsers.protobuf.wire import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage
    from modelaudit.parsers.reader import Reader

FIELDS = 1_000_000  # outermost fields that are gone through
SPARE = 10_000  # of them, and in groups, such as no version of the format has
LOOKS = 4  # nodes that are looked at
FINGERPRINT_MAX = 4096  # bytes
TYPES = {
    "tf-saved-model": "SavedModel",
    "tf-meta-graph": "MetaGraphDef",
    "tf-graph": "GraphDef",
    "tf-keras-metadata": "KerasSavedMetadata",
    "tf-fingerprint": "FingerprintDef",
}
TEXTS = {
    "node": "GraphDef", "library": "GraphDef", "versions": "GraphDef",
    "saved_model_schema_version": "SavedModel", "meta_graphs": "SavedModel",
    "meta_info_def": "MetaGraphDef", "graph_def": "MetaGraphDef", "saver_def": "MetaGraphDef",
    "collection_def": "MetaGraphDef", "signature_def": "MetaGraphDef", "asset_file_def": "MetaGraphDef",
    "object_graph_def": "MetaGraphDef",
    "model_checkpoint_path": "CheckpointState", "all_model_checkpoint_paths": "CheckpointState",
    "all_model_checkpoint_timestamps": "CheckpointState", "last_preserved_timestamp": "CheckpointState",
}  # fmt: skip
SCALARS = frozenset({"saved_model_schema_version"})
OP = re.compile(r"[A-Za-z_>][\w>./-]*")
# Possessive, since what could be taken back is remembered for every blank of millions.
BEFORE = re.compile(rb"(?:\s++|#[^\n]*+(?:\n|$)|version\s*+:\s*+\d++[,;\s])*+")
FIRST = re.compile(rb"([a-z_]+)\s*(:?)\s*([{<]?)\s*([\"'0-9]|[A-Za-z_]*)")
PADDING_MAX = 1024 * 1024  # bytes of comments and space before the first field

_schemas: list[Schema] = []


def schema() -> Schema:
    """The messages of TensorFlow, read on first use."""
    if not _schemas:
        _schemas.append(Schema.load(os.path.join(os.path.dirname(__file__), "messages.json")))
    return _schemas[0]


def text_type(head: bytes, reader: Reader) -> str | None:
    """The type of message whose text form a file is, None for other files."""
    before = BEFORE.match(head)
    at = before.end() if before is not None else 0
    if at + 256 > len(head) < reader.size:
        head = reader.read_at(0, PADDING_MAX)
        before = BEFORE.match(head)
        at = before.end() if before is not None else 0
    found = FIRST.match(head, at)
    if found is None:
        return None
    name, colon, brace, word = (found.group(n).decode() for n in (1, 2, 3, 4))
    type = TEXTS.get(name)
    if type is None:
        return None
    if type == "CheckpointState" or name in SCALARS:
        return type if colon and not brace and word else None
    kind = schema().names(type)[name][1]
    return type if brace and word in schema().names(kind) else None


def is_message(id: str, reader: Reader) -> bool:
    """Whether the bytes are a whole message of the type that the format has."""
    if id == "tf-fingerprint" and reader.size > FINGERPRINT_MAX:
        return False
    wrong: list[str] = []
    wire = Wire(reader, schema(), Context(), lambda code, *_: wrong.append(code), fields=FIELDS, spare=SPARE)
    found: dict[str, list[AnyField]] = {}
    try:
        for field in wire.root(TYPES[id]).fields():
            kept = found.setdefault(field.name, [])
            if len(kept) < LOOKS:
                kept.append(field)
        return not wrong and LIKE[id](found) and not wrong
    except BudgetSpent:
        return False


def _is_saved_model(found: dict[str, list[AnyField]]) -> bool:
    return any(_is_meta_graph(_named(field.sub())) for field in found.get("meta_graphs", ()))


def _is_meta_graph(found: dict[str, list[AnyField]]) -> bool:
    graphs = [_named(field.sub()) for field in found.get("graph_def", ())]
    return any(map(_is_graph, graphs))


def _is_graph(found: dict[str, list[AnyField]]) -> bool:
    nodes = found.get("node", [])
    if not nodes:
        return any(map(_is_library, found.get("library", [])))
    return all(_is_node(_named(field.sub())) for field in nodes)


def _is_library(field: AnyField) -> bool:
    """Whether the first functions of a library have names."""
    functions = _named(field.sub()).get("function", [])
    signatures = [one for function in functions for one in _named(function.sub()).get("signature", [])]
    names = [one for signature in signatures for one in _named(signature.sub()).get("name", [])]
    return bool(names) and all(OP.fullmatch(name.word(256)) for name in names)


def _is_node(found: dict[str, list[AnyField]]) -> bool:
    ops = found.get("op", [])
    return "name" in found and bool(ops) and OP.fullmatch(ops[-1].word(256)) is not None


def _is_keras_metadata(found: dict[str, list[AnyField]]) -> bool:
    nodes = [_named(field.sub()) for field in found.get("nodes", ())]
    return bool(nodes) and all(
        {"identifier", "metadata"} <= node.keys() and node["identifier"][-1].word(64).startswith("_tf_keras")
        for node in nodes
    )


def _is_fingerprint(found: dict[str, list[AnyField]]) -> bool:
    return {"saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "version"} <= found.keys()


def _named(message: AnyMessage) -> dict[str, list[AnyField]]:
    """The fields of a message by name, the first few of each."""
    found: dict[str, list[AnyField]] = {}
    for field in message.fields():
        kept = found.setdefault(field.name, [])
        if len(kept) < LOOKS:
            kept.append(field)
        elif field.name == "node":
            break
    return found


LIKE: dict[str, Callable[[dict[str, list[AnyField]]], bool]] = {
    "tf-saved-model": _is_saved_model,
    "tf-meta-graph": _is_meta_graph,
    "tf-graph": _is_graph,
    "tf-keras-metadata": _is_keras_metadata,
    "tf-fingerprint": _is_fingerprint,
}
