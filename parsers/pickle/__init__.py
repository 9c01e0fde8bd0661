"""Python pickles, protocols 0 to 5: what a stream would import, call and set, without loading it."""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

_FIRST = b"(]})NILFSVXUTKMJGBCPc\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96"  # opcodes that need no operand
ARCHIVE = b"PK\x03\x04"  # reads as PERSID and a line: every loader that knows persistent ids asks for an archive first


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a pickle: a protocol header, or opcodes that lead somewhere.

    A stream that breaks after it has called something is one; text and other formats that happen to begin with
    some valid opcodes are not.
    """
    if len(head) < 2:
        return False
    if head.startswith(ARCHIVE):
        return False
    if head[0] == 0x80 and head[1] <= 5:
        return len(head) > 2 and head[2] in _names()
    if head[0] not in _FIRST:
        return False
    from modelaudit.parsers.pickle.search import is_stream

    return is_stream(reader)


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The facts of every stream in the artifact, in order; constants that are pickles themselves are nested."""
    return _reading()(artifact, context)


# An import statement in a function takes its time at every call, and directories hold many pickles.
@cache
def _reading() -> Callable[[Input, Context], Iterator[Fact | Nested | Property | Searched]]:
    from modelaudit.parsers.pickle.streams import read

    return read


@cache
def _names() -> Container[int]:
    from modelaudit.parsers.pickle.opcodes import NAMES

    return NAMES


RECOGNISERS: dict[str, Callable[[bytes, Reader], bool]] = {"pickle": recognise}
