"""Whether a message is an ONNX model: its outermost fields, and the first nodes of its graph."""

from __future__ import annotations

import os

from modelaudit.parsers.base import BudgetSpent, Context
from modelaudit.parsers.protobuf.schema import Schema
from modelaudit.parsers.protobuf.wire import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.protobuf.wire import Message
    from modelaudit.parsers.reader import Reader

FIELDS = 1_000_000  # outermost fields that are gone through
SPARE = 10_000  # of them, and in groups, such as no version of the format has
NODES = 8  # nodes that are looked at

_schemas: list[Schema] = []


def schema() -> Schema:
    """The messages of the format, read on first use."""
    if not _schemas:
        _schemas.append(Schema.load(os.path.join(os.path.dirname(__file__), "messages.json")))
    return _schemas[0]


def is_model(reader: Reader) -> bool:
    """Whether the bytes are a whole message with a graph and operator sets that look like ones."""
    wrong: list[str] = []
    wire = Wire(reader, schema(), Context(), lambda code, *_: wrong.append(code), fields=FIELDS, spare=SPARE)
    graph: Message | None = None
    sets = 0
    try:
        for field in wire.root("ModelProto").fields():
            if field.name == "graph":
                graph = field.sub()
            elif field.name == "opset_import":
                sets += 1
        return graph is not None and sets > 0 and not wrong and _is_graph(graph) and not wrong
    except BudgetSpent:
        return False


def _is_graph(graph: Message) -> bool:
    """Whether the first nodes have operators; a graph without nodes must have a name or values."""
    nodes = others = 0
    for field in graph.fields():
        if field.name == "node":
            words = [inner.word(256) for inner in field.sub().fields() if inner.name == "op_type"]
            if not words or not words[-1].isprintable():
                return False
            nodes += 1
            if nodes == NODES:
                break
        else:
            others += 1
    return nodes + others > 0


def is_tensor(reader: Reader) -> bool:
    """Whether the bytes are a tensor without a fault."""
    from modelaudit.engine.facts import Defect, Tensor
    from modelaudit.parsers.base import Input
    from modelaudit.parsers.onnx.model import parse_tensor

    wrong: list[str] = []
    seen: dict[str, int] = {}
    wire = Wire(
        reader, schema(), Context(), lambda code, *_: wrong.append(code), lambda _: wrong.append("field"), FIELDS, SPARE
    )
    try:
        for field in wire.root("TensorProto").fields():
            seen[field.name] = seen.get(field.name, 0) + field.size
    except BudgetSpent:
        return False
    data = [name for name in seen if name.endswith("_data") and name != "external_data"]
    if wrong or "data_type" not in seen or len(data) != 1 or "external_data" in seen:
        return False
    found = list(parse_tensor(Input("", reader, "onnx-tensor"), Context(wants=lambda _: False)))
    if any(isinstance(item, Defect) for item in found):
        return False
    tensors = [item for item in found if isinstance(item, Tensor)]
    return (
        bool(tensors)
        and tensors[0].dtype != "UNDEFINED"
        and (data != ["raw_data"] or tensors[0].nbytes == seen["raw_data"])
    )
