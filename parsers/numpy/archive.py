"""`.npz`: an ordinary ZIP archive, recognised by the names of its members."""

from __future__ import annotations

from itertools import islice

from modelaudit.parsers.base import Input
from modelaudit.parsers.zip.archive import parse_archive
from modelaudit.parsers.zip.directory import find_ends, read_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Nested, Property, Values
    from modelaudit.parsers.reader import Reader

ENTRIES = 10_000  # that are looked at


def only_arrays(reader: Reader) -> bool:
    """Whether the directory lists members, and all of them as `NAME.npy`."""
    end = next((end for end in find_ends(reader) if end.plausible), None)
    if end is None:
        return False
    names = [entry.name for entry in islice(read_entries(reader, end.start), ENTRIES)]
    return bool(names) and all(name.endswith(b".npy") for name in names)


def parse_npz(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """What the archive's parser says."""
    formats = (artifact.formats - {"npz"}) | {"zip"}
    given = Input(
        artifact.path, artifact.reader, "zip", formats=formats, extension=artifact.extension, depth=artifact.depth
    )
    return parse_archive(given, context)
