"""Programs of StableHLO as text: what they call by name, and the text itself."""

from __future__ import annotations

import re

from modelaudit.engine.facts import TEXT_MAX, Op, Place, clean, decode
from modelaudit.parsers.notes import Notes
from modelaudit.parsers.reader import WINDOW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property

OVERLAP = 4096  # bytes that a call may take across two windows
CALL = re.compile(
    rb"\b(stablehlo|mhlo|vhlo)\.(custom_call(?:_v1)?)(?:\s+@(?:\"([^\"\n]{0,512})\"|([\w.$-]{1,512}))"
    rb"|[^\n]{0,2048}?\bcall_target_name\s*=\s*(?:#[\w.]+<)?\"([^\"\n]{0,512})\")?"
)


def parse_text(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Calls of native functions, and the beginning of the text."""
    notes = Notes(artifact, context, frozenset({"op", "text"}))
    return notes.bounded(_items(notes))


def _items(notes: Notes) -> Iterator[Fact | Nested]:
    reader = notes.reader
    text, lossy = decode(reader.read_at(0, TEXT_MAX))
    notes.words(text, "source", "program", 0, lossy=lossy, cut=reader.size > TEXT_MAX)
    for begin in range(0, reader.size, WINDOW):
        notes.context.check()
        window = reader.window(begin, WINDOW + OVERLAP)
        for found in CALL.finditer(window):
            if found.start() < WINDOW:
                yield _call(notes.path, found, begin)
        yield from notes.flush()


def _call(path: str, found: re.Match[bytes], begin: int) -> Op:
    target = next((group for group in found.groups()[2:] if group is not None), b"?")
    name = clean(decode(target)[0])[0]
    return Op(
        path,
        domain=decode(found.group(1))[0],
        type=decode(found.group(2))[0],
        name=name,
        attributes={"call_target_name": name},
        places=(Place(offset=begin + found.start()),),
    )
