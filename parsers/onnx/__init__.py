"""ONNX: a graph of operators as protocol buffers.

The messages are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. There is no magic number: a file is
an ONNX model when it is a whole message that has a graph and the operator sets which the graph uses.
"""

from __future__ import annotations

TENSOR = "onnx-tensor"
DATA = "onnx-data"  # numbers, and nothing else

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are one message with a graph and operator sets, whose first nodes have an operator."""
    from modelaudit.parsers.onnx.outline import is_model

    return is_model(reader)


def recognise_tensor(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are one tensor whose type, shape and data fit each other: an input or output of a test."""
    from modelaudit.parsers.onnx.outline import is_tensor

    return is_tensor(reader)


RECOGNISERS = {"onnx": recognise, "onnx-tensor": recognise_tensor}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Operators, tensors, references, texts and metadata of the model; weights are not read."""
    if artifact.format == DATA:
        return iter(())
    from modelaudit.parsers.onnx.model import parse_model, parse_tensor

    if artifact.format == TENSOR:
        return parse_tensor(artifact, context)
    return parse_model(artifact, context)
