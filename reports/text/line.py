"""Lines of a text report: styled pieces, and how they wrap."""

from __future__ import annotations

GLUE = "\u00a0"  # a space that never breaks; written as a plain space

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Piece = tuple[str, str]  # style, text


class Line:
    """One logical line: pieces of styled text, indented, with a hanging indent where it wraps.

    A `whole` line is not wrapped where the view keeps headlines whole.
    """

    __slots__ = ("hang", "indent", "pieces", "whole")

    def __init__(self, *pieces: Piece, indent: int = 0, hang: int | None = None, whole: bool = False) -> None:
        self.pieces = pieces
        self.indent = indent
        self.hang = indent if hang is None else hang
        self.whole = whole


def glued(text: str) -> str:
    """`text` that never breaks at its spaces."""
    return text.replace(" ", GLUE)


def cells(text: str) -> int:
    """How many terminal cells `text` takes."""
    if text.isascii() or all(c < "\u0300" or c == "…" for c in text):
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def wrap(line: Line, width: int) -> list[list[Piece]]:
    """The rows of a line, each a list of pieces; only paths and addresses may be wider than `width`."""
    rows: list[list[Piece]] = []
    row: list[Piece] = [("", " " * line.indent)]
    used, empty = line.indent, True
    for style, text, breaks, spaced in _words(line.pieces, max(20, width - line.hang)):
        gap = 1 if spaced and not empty else 0
        size = cells(text)
        if not empty and breaks and used + gap + size > width:
            rows.append(row)
            row, used, gap = [("", " " * line.hang)], line.hang, 0
        _append(row, style, " " * gap + text.replace(GLUE, " "))
        used, empty = used + gap + size, False
    return [*rows, row] if not empty or not rows else rows


def _append(row: list[Piece], style: str, text: str) -> None:
    """Add a piece to a row, joined with the one before it where that has the same style."""
    if row[-1][0] == style:
        text = row.pop()[1] + text
    row.append((style, text))


def _words(pieces: tuple[Piece, ...], room: int) -> Iterator[tuple[str, str, bool, bool]]:
    """Style and text of every word, whether a row may end before it, and whether white space stands there."""
    spaced = False
    for style, text in pieces:
        for number, word in enumerate(text.split(" ")):
            if number:
                spaced = True
            if not word:
                continue
            for part, before in _chunks(word, room, style):
                yield style, part, spaced or before is not None, spaced or bool(before)
            spaced = False


def _chunks(word: str, room: int, style: str) -> Iterator[tuple[str, str | None]]:
    """A word in parts that fit, and what stands before each: a space, nothing where it was cut, None at its beginning.

    Paths and addresses stay whole, so that they can be copied; a glued text that does not fit breaks at its spaces
    after all.
    """
    if style == "path" or "://" in word or cells(word) <= room:
        yield word, None
        return
    for number, part in enumerate(word.split(GLUE)):
        for start in range(0, len(part), room):
            yield part[start : start + room], "" if start else " " if number else None
