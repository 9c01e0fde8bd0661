"""Keys of a JSON text, wherever they stand: other values may come before them, and letters may be escaped."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.parsers.reader import Reader

WINDOW = 1024 * 1024
OVERLAP = 256  # bytes of a key with all of its letters escaped
ESCAPED = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")


def plain(data: bytes) -> bytes:
    """The text with letters that are no longer escaped."""
    return ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data) if b"\\u00" in data else data


def keys_in(head: bytes, reader: Reader, keys: Iterable[bytes], most: int) -> set[bytes]:
    """Which of the keys, in their quotes, stand in the text; so many bytes of it are looked at."""
    wanted = set(keys)
    found = {key for key in wanted if key in plain(head)}
    at, end = 0, min(reader.size, most)
    while found != wanted and len(head) < end and at < end:
        data = plain(reader.read_at(at, min(WINDOW + OVERLAP, end - at)))
        found |= {key for key in wanted - found if key in data}
        at += WINDOW
    return found
