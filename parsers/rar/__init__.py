"""RAR archives: recognised, and not read, since their compression has no open decoder.

Layout: https://www.rarlab.com/technote.htm, the signature.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

MAGIC = b"Rar!\x1a\x07"


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes begin with the signature of one of the two layouts."""
    return head[:7] == MAGIC + b"\0" or head[:8] == MAGIC + b"\1\0"


RECOGNISERS = {"rar": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The version, and that nothing more is known."""
    from modelaudit.engine.facts import KINDS, Defect, Place
    from modelaudit.parsers.base import Property

    yield Property("version", "5" if artifact.reader.read_at(6, 1) == b"\1" else "4")
    affects = frozenset(KINDS) - {"artifact", "defect", "limit"}
    detail = "the members of RAR archives are not read"
    yield Defect(artifact.path, code="rar-not-read", detail=detail, affects=affects, places=(Place(offset=0),))
