"""The MD5 of a file as DVC takes it.

Pointers without `hash: md5` have that of texts with Unix line ends, taken of one window after the other as DVC reads
them: a line end that two windows share stays as it is.
"""

from __future__ import annotations

from hashlib import md5

from modelaudit.sources.dvc.pointers import OLD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.sources.passing import Window

WINDOW = 1024 * 1024
LOOK = 512  # bytes by which a text is told
BINARY = 0.3  # of them that may be no text
WORDS = bytes(range(32, 127)) + b"\n\r\t\f\b"


class TrackedDigest:
    """Given all bytes of a file front to back. `fits` says whether they have a digest."""

    def __init__(self, kind: str) -> None:
        self._state = md5(usedforsecurity=False)
        self._old = kind == OLD
        self._converts: bool | None = None if self._old else False
        self._held = bytearray()

    def update(self, window: Window, /) -> None:
        """Take the next bytes."""
        if self._converts is False:
            self._state.update(window)
            return
        self._held += window
        while len(self._held) >= WINDOW:
            self._next()

    def hexdigest(self) -> str:
        """The digest in lower-case hex; nothing can be taken in behind it."""
        if self._held:
            self._next()
        return self._state.hexdigest()

    def _next(self) -> None:
        data = bytes(self._held[:WINDOW])
        del self._held[:WINDOW]
        if self._converts is None:
            self._converts = is_text(data[:LOOK])
        self._state.update(data.replace(b"\r\n", b"\n") if self._converts else data)


def is_text(head: bytes) -> bool:
    """Whether DVC takes a file that begins so for a text."""
    if not head or 0 in head:
        return not head
    return len(head.translate(None, WORDS)) / len(head) <= BINARY
