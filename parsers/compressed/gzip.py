"""What the headers of gzip members say beside the data: a file's name, a comment, an extra field.

Layout: RFC 1952, 2.3.
"""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Metadata, Place, Text, clean
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

FIXED = 10  # bytes of a header
EXTRA, NAME, COMMENT = 0x04, 0x08, 0x10
LONGEST = 64 * 1024  # bytes of a name or comment
EXTRA_MIN = 64  # bytes of an extra field that may be a file; writers of blocks have a few there
SAID = 64  # of each kind


def said_by_headers(path: str, source: Reader, starts: Sequence[int], context: Context) -> Iterator[Fact | Nested]:
    """Names and comments, each once, and extra fields that are large enough to be something."""
    seen: set[tuple[str, str]] = set()
    extras = 0
    for start in starts:
        context.check()
        head = source.read_at(start, FIXED)
        flags, at = (head[3] if len(head) == FIXED else 0), start + FIXED
        if flags & EXTRA:
            size = int.from_bytes(source.read_at(at, 2), "little")
            at += 2
            if size >= EXTRA_MIN and extras < SAID:
                extras += 1
                yield Nested(f"extra-{start}", SliceReader(source, at, size), role="other", view="hidden")
            at += size
        for flag, key in ((NAME, "file-name"), (COMMENT, "comment")):
            if flags & flag:
                raw = source.read_at(at, LONGEST).partition(b"\0")[0]
                said = (key, raw.decode("latin-1"))
                if raw and len(seen) < SAID and said not in seen:
                    seen.add(said)
                    yield from _said(path, *said, at, context)
                at += len(raw) + 1


def _said(path: str, key: str, text: str, at: int, context: Context) -> Iterator[Fact]:
    value, lossy = clean(text[:TEXT_MAX])
    places = (Place(offset=at),)
    yield Metadata(path, key=key, value=value, type="str", places=places, lossy=lossy)
    if context.wants("text"):
        yield Text(path, value=value, role="metadata", owner=key, places=places, lossy=lossy)
