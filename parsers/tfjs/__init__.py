"""TensorFlow.js: a model as JSON that names the files with its weights.

The layout is that of https://www.tensorflow.org/js/guide/save_load and
https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts (`ModelJSON`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

SPACE = b" \t\r\n"
KEYS = (b'"modelTopology"', b'"weightsManifest"')


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether a JSON object has the keys of a model among its first bytes, or one there and one at its end."""
    if head.lstrip(SPACE)[:1] != b"{" or KEYS[0] not in head:
        return False
    return KEYS[1] in head or b'"format"' in head or KEYS[1] in reader.read_at(max(0, reader.size - 65536), 65536)


RECOGNISERS = {"tfjs": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators, weights and the files that they stand in, texts."""
    from modelaudit.parsers.tfjs.model import parse_model

    return parse_model(artifact, context)
