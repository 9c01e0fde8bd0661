"""What the headers of gzip members say beside the data: a file's name, a comment, an extra field.

Layout: RFC 1952, 2.3.
"""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Member, Metadata, Place, Text, clean, path_class
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import BytesReader, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

FIXED = 10  # bytes of a header
EXTRA, NAME, COMMENT = 0x04, 0x08, 0x10
LONGEST = 64 * 1024  # bytes of a name or comment
EXTRA_MIN = 64  # bytes of an extra field that are looked at whatever they begin with
SUBFIELD = 4  # bytes of a subfield's header: two of its id, two of its size
SUBFIELDS = 1024  # of one extra field
SAID = 64  # of each kind


def said_by_headers(path: str, source: Reader, starts: Sequence[int], context: Context) -> Iterator[Fact | Nested]:
    """Names and comments, each once, and what stands in extra fields that can be something."""
    seen: set[tuple[str, str]] = set()
    extras = 0
    for start in starts:
        context.check()
        head = source.read_at(start, FIXED)
        flags, at = (head[3] if len(head) == FIXED else 0), start + FIXED
        if flags & EXTRA:
            size = int.from_bytes(source.read_at(at, 2), "little")
            at += 2
            for begin, length in _extras(source.read_at(at, size)):
                if extras < SAID:
                    extras += 1
                    name = f"extra-{start}" + (f"-{begin}" if begin else "")
                    yield Nested(name, SliceReader(source, at + begin, length), role="other", view="hidden")
            at += size
        for flag, key in ((NAME, "file-name"), (COMMENT, "comment")):
            if flags & flag:
                raw = source.read_at(at, LONGEST).partition(b"\0")[0]
                said = (key, raw.decode("latin-1"))
                if raw and len(seen) < SAID and said not in seen:
                    seen.add(said)
                    yield from _said(path, *said, at, context)
                at += len(raw) + 1


def _extras(field: bytes) -> Iterator[tuple[int, int]]:
    """Where something may stand in an extra field, and its size: each subfield, or the field that has none."""
    subfields = list(_subfields(field))
    for begin, size in subfields or [(0, len(field))]:
        if size >= EXTRA_MIN or _is_file(field[begin : begin + size]):
            yield begin, size
    if subfields and _is_file(field):
        yield 0, len(field)


def _subfields(field: bytes) -> Iterator[tuple[int, int]]:
    """The data of the subfields that fill a field, none when the field is not made so."""
    found: list[tuple[int, int]] = []
    at = 0
    while at + SUBFIELD <= len(field) and len(found) < SUBFIELDS:
        size = int.from_bytes(field[at + 2 : at + SUBFIELD], "little")
        found.append((at + SUBFIELD, size))
        at += SUBFIELD + size
    if at == len(field):
        yield from found


def _is_file(data: bytes) -> bool:
    """Whether a few bytes are a file that is known by its beginning: writers of blocks have sizes there."""
    from modelaudit.parsers.pickle.literals import LITERAL_MIN, sniff

    return len(data) >= LITERAL_MIN and sniff(data, BytesReader(data)) is not None


def _said(path: str, key: str, text: str, at: int, context: Context) -> Iterator[Fact]:
    value, lossy = clean(text[:TEXT_MAX])
    places = (Place(offset=at),)
    yield Metadata(path, key=key, value=value, type="str", places=places, lossy=lossy)
    classes = path_class(text)
    # Old writers of tar.gz wrote whole paths, of which readers take the last part: only a way up is no accident.
    if key == "file-name" and "parent" in classes:
        unknown = frozenset(["size", "compressed_size", "ratio"])
        yield Member(
            path, name=value, path_class=classes, method="gzip", offset=at, places=places, lossy=lossy, unknown=unknown
        )
    if context.wants("text"):
        yield Text(path, value=value, role="metadata", owner=key, places=places, lossy=lossy)
