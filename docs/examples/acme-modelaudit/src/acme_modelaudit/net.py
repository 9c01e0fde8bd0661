"""ACME nets: a line `ACMENET 1`, then lines of a key, a tab and a value, until an empty line; weights follow.

The value of `init` is the name of a function that ACME's loader imports and calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelaudit.engine.facts import Defect, Import, Metadata, Place, clean
from modelaudit.parsers.base import Property

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.reader import Reader

MAGIC = b"ACMENET 1\n"
HEADER_MAX = 64 * 1024  # bytes
CONTENT = frozenset({"import", "metadata"})

# As in schemas/formats.json: title, extensions, role, and the bytes without which a file is never of this format.
FORMATS = {
    "acme-net": {
        "title": "ACME net",
        "extensions": [".acme"],
        "role": "model",
        "magics": [{"text": "ACMENET 1\n"}],
    }
}


def recognise(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are an ACME net."""
    return head.startswith(MAGIC)


RECOGNISERS = {"acme-net": recognise}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Facts only: rules say what is dangerous. A parser never raises for what a file holds."""
    yield Property("version", "1")
    header = artifact.reader.read_at(len(MAGIC), HEADER_MAX)
    end = header.find(b"\n\n")
    if end < 0:
        place = Place(offset=len(MAGIC))
        yield Defect(artifact.path, code="acme-header", detail="no end", affects=CONTENT, places=(place,))
    at = len(MAGIC)
    for line in header[: end if end >= 0 else len(header)].split(b"\n"):
        context.check()
        key, _, value = line.decode("utf-8", "backslashreplace").partition("\t")
        yield from _entry(artifact.path, clean(key)[0], clean(value)[0], Place(offset=at))
        at += len(line) + 1


def _entry(path: str, key: str, value: str, place: Place) -> Iterator[Fact]:
    yield Metadata(path, key=key, value=value, type="string", places=(place,))
    if key == "init":
        module, _, name = value.rpartition(".")
        yield Import(
            path,
            module=module,
            name=name,
            qualname=value,
            names=frozenset({value}),
            segments=frozenset(value.split(".")),
            opcode="init",
            uses=frozenset({"called"}),
            places=(place,),
        )
