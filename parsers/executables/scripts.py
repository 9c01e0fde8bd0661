"""Scripts that name their interpreter in the first line."""

from __future__ import annotations

import re

from modelaudit.parsers.executables import Structure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

HEAD = 4096  # bytes that are looked at
LINES = 2  # printable ones, besides the first
FIRST = re.compile(
    rb"#!\s*(?:/usr)?(?:/local)?/bin/(?:env(?:[ \t]+-\S+)*[ \t]+)?"
    rb"(?:ba|da|z|k|c|tc|fi)?(?:sh|python[0-9.]*|perl|ruby|node|php|lua|awk|pwsh|osascript|expect|tclsh)\b[^\n\0]{0,200}\n"
)
SHORT = (b"\x8c", b"U", b"C", b"\x12", b"\x1a", b'"')
# opcodes of pickles, and tags of protocol buffers, for texts and bytes whose length is one byte
TEXT = re.compile(rb"[\t\x0c\r\x20-\x7e\x80-\xff]*")


def script(reader: Reader, at: int) -> Structure | None:
    """The script that begins at `at`: behind no text, with an interpreter that is known and lines to run."""
    if not begins(reader, at):
        return None
    data = reader.read_at(at, HEAD)
    first = FIRST.match(data)
    if first is None:
        return None
    lines = 0
    end = first.end()
    while end < len(data):
        line = TEXT.match(data, end)
        assert line is not None  # noqa: S101 - it may be empty
        whole = line.end() == len(data) or data[line.end() : line.end() + 1] == b"\n"
        if not whole:
            break
        lines += bool(line.group().strip())
        end = line.end() + 1
    return Structure("script", at, min(end, len(data)), word=at) if lines >= LINES else None


def begins(reader: Reader, at: int) -> bool:
    """Whether a text may begin here: behind no text, or behind the length of a short constant of a pickle."""
    before = reader.read_at(max(0, at - 2), min(2, at))
    if not before or before[-1] not in range(0x20, 0x7F):
        return True
    return before[:1] in SHORT and before[-1] <= reader.size - at
