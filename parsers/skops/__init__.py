"""skops files: a ZIP archive of arrays with `schema.json`, the tree of objects that loading builds.

Layout: https://github.com/skops-dev/skops/tree/main/skops/io. Every node of the tree names the loader that builds it.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

SPACE = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
KEYS = (b'"__loader__"', b'"__module__"')
LOOK = 1024 * 1024  # bytes of a text that are searched at once
OVERLAP = 128  # bytes that two of these have in common: the longest way to write a key
ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


def recognise_archive(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a ZIP archive of a schema, and of nothing but the files that skops writes beside it."""
    from modelaudit.parsers.zip import recognise_zip

    if not recognise_zip(head, reader):
        return False
    from modelaudit.parsers.skops.archive import holds_schema

    return holds_schema(reader)


def recognise_schema(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text, in any encoding that `json.loads` takes, names the loaders of objects."""
    letters = head.replace(b"\0", b"").removeprefix(BOM)
    for mark in UTF16:
        letters = letters.removeprefix(mark)
    if letters.lstrip(SPACE)[:1] != b"{":
        return False
    found: set[bytes] = set()
    for at in range(0, reader.size, LOOK - OVERLAP):
        data = reader.read_at(at, LOOK).replace(b"\0", b"")
        if data.find(b"\\u00") >= 0:
            data = ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data)
        found.update(key for key in KEYS if key in data)
        if len(found) == len(KEYS):
            return True
    return False


RECOGNISERS = {"skops": recognise_archive, "skops-schema": recognise_schema}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """What loading the tree would import, call and set; of an archive its members, of which the tree is one."""
    if artifact.format == "skops":
        from modelaudit.parsers.skops.archive import parse_archive

        return parse_archive(artifact, context)
    from modelaudit.parsers.skops.schema import parse_schema

    return parse_schema(artifact, context)
