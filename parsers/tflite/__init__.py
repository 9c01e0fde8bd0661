"""TensorFlow Lite: a graph of operators as a flat buffer, and files that stand behind it in a ZIP archive.

The layout is that of https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
and https://ai.google.dev/edge/litert/models/metadata.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MARK = b"TFL3"


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the mark of the format stands behind an offset that lies in the file."""
    return head[4:8] == MARK and int.from_bytes(head[:4], "little") < reader.size


RECOGNISERS = {"tflite": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators, tensors, metadata and associated files; the bytes of weights are passed over."""
    from modelaudit.parsers.tflite.model import parse_model

    return parse_model(artifact, context)
