"""Checkpoints of Orbax: descriptions as JSON, and arrays in Zarr, of which the descriptions are read.

The layouts are those of https://orbax.readthedocs.io and https://zarr-specs.readthedocs.io (versions 2 and 3).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

KEYS = (b'"tree_metadata"', b'"item_handlers"', b'"array_metadatas"')
ZARR = b'"zarr_format"'


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


RECOGNISERS = {"orbax-metadata": recognise_orbax, "zarr-metadata": recognise_zarr}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Handlers and types by name, arrays with their codecs, places outside, the text."""
    from modelaudit.parsers.orbax.description import parse_description

    return parse_description(artifact, context)
