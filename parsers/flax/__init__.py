"""MessagePack as Flax and JAX write it: maps of maps with arrays as extension types 1 to 3.

The layout is that of https://github.com/msgpack/msgpack/blob/master/spec.md and of `flax.serialization`. A file has no
magic number: it is one when it is a single map that ends where the file ends, as far as that is looked at. The walk is
our own, because the `msgpack` library holds every array, however large, as one object.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MAPS = bytes((*range(0x81, 0x90), 0xDE, 0xDF))


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a map with a text as its first key, and sound as far as they are looked at."""
    if len(head) < 4 or head[0] not in MAPS:
        return False
    from modelaudit.parsers.flax.outline import is_document

    return is_document(head, reader)


RECOGNISERS = {"flax-msgpack": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Tensors, texts, numbers, keys; the bytes of arrays are passed over."""
    from modelaudit.parsers.flax.document import parse_document

    return parse_document(artifact, context)
