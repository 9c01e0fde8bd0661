"""Models in the format of ONNX Runtime (`.ort`): a graph of ONNX as a flat buffer, already optimised.

The layout is that of https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/flatbuffers/schema/ort.fbs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MARK = b"ORTM"


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the mark of the format stands behind an offset that lies in the file."""
    return head[4:8] == MARK and int.from_bytes(head[:4], "little") < reader.size


RECOGNISERS = {"ort": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators of all graphs, tensors, metadata and texts; the bytes of weights are passed over."""
    from modelaudit.parsers.ort.model import parse_model

    return parse_model(artifact, context)
