"""`.skops`: an ordinary ZIP archive, recognised by the names of its members. The schema in it is read as a member."""

from __future__ import annotations

from itertools import islice

from modelaudit.parsers.base import Input, Property
from modelaudit.parsers.zip.archive import parse_archive as parse_zip
from modelaudit.parsers.zip.directory import find_ends, read_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Nested, Values
    from modelaudit.parsers.reader import Reader

ENTRIES = 10_000  # that are looked at
SCHEMA = b"schema.json"
BESIDE = (b".npy", b".npz", b".bin")  # arrays, sparse matrices, bytes


def holds_schema(reader: Reader) -> bool:
    """Whether the directory lists a schema at its top, and beside it only what skops writes."""
    end = next((end for end in find_ends(reader) if end.plausible), None)
    if end is None:
        return False
    names = [entry.name for entry in islice(read_entries(reader, end.start), ENTRIES)]
    return SCHEMA in names and all(name == SCHEMA or name.endswith(BESIDE) for name in names)


def parse_archive(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """What the archive's parser says."""
    formats = (artifact.formats - {"skops"}) | {"zip"}
    given = Input(
        artifact.path, artifact.reader, "zip", formats=formats, extension=artifact.extension, depth=artifact.depth
    )
    yield Property("producer", "skops")
    yield from parse_zip(given, context)
