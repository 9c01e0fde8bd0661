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
LOOK = 64 * 1024 * 1024  # bytes in which keys are looked for
KEYS = (b'"modelTopology"', b'"weightsManifest"')


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether a JSON object has the keys of a model, wherever they stand."""
    if head.lstrip(SPACE)[:1] != b"{":
        return False
    if KEYS[0] in head and b'"format"' in head:
        return True
    from modelaudit.parsers.keys import keys_in

    return len(keys_in(head, reader, KEYS, LOOK)) == len(KEYS)


RECOGNISERS = {"tfjs": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators, weights and the files that they stand in, texts."""
    from modelaudit.parsers.tfjs.model import parse_model

    return parse_model(artifact, context)
