"""Checkpoints of Orbax: descriptions as JSON, and arrays in Zarr, of which the descriptions are read.

Texts among the values stand in `_strings.json`; Keras keeps the configuration of a whole model there. The layouts are
those of https://orbax.readthedocs.io and https://zarr-specs.readthedocs.io (versions 2 and 3).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

KEYS = (b'"tree_metadata"', b'"item_handlers"', b'"array_metadatas"')
ZARR = b'"zarr_format"'
STRINGS_MAX = 16 * 1024 * 1024  # bytes of texts that are looked through
BEGIN = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"')
QUOTES = (rb"\"", rb"\u0022")  # inside of a text
NAME = b"class_name"
ESCAPE = re.compile(rb"\\u00[2-7][0-9a-fA-F]")  # of a letter that nobody has to write so


def recognise_orbax(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a JSON object whose first key is one of Orbax."""
    text = head.lstrip()
    return text[:1] == b"{" and text[1:].lstrip().startswith(KEYS)


def recognise_zarr(head: bytes, reader: Reader) -> bool:
    """Whether the bytes are a JSON object that says its version of Zarr."""
    if head.lstrip()[:1] != b"{" or ZARR not in head:
        return False
    behind = head.partition(ZARR)[2].lstrip().removeprefix(b":").lstrip()
    return behind[:1] in (b"2", b"3")


def recognise_strings(head: bytes, reader: Reader) -> bool:
    """Whether one of the texts in a JSON object is a configuration of Keras itself."""
    if not BEGIN.match(head):
        return False
    data = head if reader.size <= len(head) else reader.read_at(0, STRINGS_MAX)
    if not any(quote in data for quote in QUOTES) or not (NAME in data or ESCAPE.search(data)):
        return False
    from modelaudit.parsers.orbax.strings import configurations

    return any(True for _ in configurations(data))


RECOGNISERS = {
    "orbax-metadata": recognise_orbax,
    "orbax-strings": recognise_strings,
    "zarr-metadata": recognise_zarr,
}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Handlers and types by name, arrays with their codecs, places outside, the text; configurations in texts."""
    if artifact.format == "orbax-strings":
        from modelaudit.parsers.orbax.strings import parse_strings

        return parse_strings(artifact, context)
    from modelaudit.parsers.orbax.description import parse_description

    return parse_description(artifact, context)
