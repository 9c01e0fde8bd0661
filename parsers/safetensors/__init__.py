"""Safetensors: a JSON header that names tensors, then their bytes. Only the header is read."""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

SPACE = b" \t\r\n"


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin with a length below 2^48 and a JSON object; a damaged rest is no reason to refuse."""
    if len(head) < 10 or head[6] or head[7]:
        return False
    text = head[8:].lstrip(SPACE)
    if text[:1] != b"{" or text[1:].lstrip(SPACE)[:1] not in (b'"', b"}", b""):
        return False
    length = int.from_bytes(head[:8], "little")
    return 0 not in head[8 : 8 + min(length, 24)]


RECOGNISERS = {"safetensors": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Facts of the header, and what stands where no tensor is."""
    return _reading()(artifact, context)


@cache
def _reading() -> Callable[[Input, Context], Iterator[Fact | Nested | Property]]:
    from modelaudit.parsers.safetensors.file import parse_file

    return parse_file
