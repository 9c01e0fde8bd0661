"""Whether bytes are a MessagePack document: decided by a bounded walk over their first values."""

from __future__ import annotations

from modelaudit.parsers.base import Context
from modelaudit.parsers.cursor import Break, Cursor
from modelaudit.parsers.flax.walk import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

VALUES = 2000  # that are looked at
DEPTH = 64


def is_document(head: bytes, reader: Reader) -> bool:
    """Whether a map with a text as its first key begins here, and ends where the file ends if that is seen."""
    cursor = Cursor(reader, Context(), order=">")
    try:
        return _walk(cursor)
    except Break:
        return False


def _walk(cursor: Cursor) -> bool:
    top = read(cursor)
    if top.kind != "map" or not _is_key(cursor):
        return False
    open_values = [top.size * 2]  # values that are still to come, by level
    for _ in range(VALUES):
        while open_values and open_values[-1] == 0:
            open_values.pop()
        if not open_values:
            return cursor.left == 0
        open_values[-1] -= 1
        value = read(cursor)
        if value.kind in ("map", "array"):
            if len(open_values) >= DEPTH:
                return False
            open_values.append(value.size * (2 if value.kind == "map" else 1))
        elif value.kind in ("str", "bin", "ext"):
            cursor.skip(value.size)
    return True


def _is_key(cursor: Cursor) -> bool:
    """Whether a text stands here; the place stays."""
    at = cursor.at
    key = read(cursor)
    sound = key.kind == "str" and 0 < key.size < 1024
    if sound:
        try:
            sound = cursor.take(key.size).decode().isprintable()
        except UnicodeDecodeError:
            sound = False
    cursor.at = at
    return sound
