"""LZ4 frames, without the library.

Layout: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md next to it. Checksums
are passed over: what a loader would refuse for them is read all the same.
"""

from __future__ import annotations

MAGIC = b"\x04\x22\x4d\x18"
HISTORY = 64 * 1024  # bytes that a block may refer back to
BLOCKS = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}  # largest block by its code
STORED = 1 << 31
INDEPENDENT, BLOCK_SUM, SIZE, CONTENT_SUM, DICTIONARY = 0x20, 0x10, 0x08, 0x04, 0x01


class Frame:
    """A decoder of one frame."""

    __slots__ = ("_at", "_flags", "_history", "_in", "_largest", "_out", "_stage", "_wait", "eof", "unused")

    def __init__(self) -> None:
        self._in = bytearray()
        self._out = b""
        self._at = 0  # bytes of the output that were taken
        self._history = b""
        self._stage = "header"
        self._flags = self._largest = 0
        self._wait = 7  # bytes of input without which nothing goes on
        self.eof = False
        self.unused = 0  # bytes of input after the end of the frame

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output; ValueError on bad data."""
        self._in += data
        while self._at >= len(self._out) and not self.eof and len(self._in) >= self._wait:
            self._step()
        out = self._out[self._at : self._at + limit]
        self._at += len(out)
        self.eof = self._stage == "end" and self._at >= len(self._out)
        self.unused = len(self._in) if self.eof else 0
        return out

    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        return self._at >= len(self._out) and not self.eof and len(self._in) < self._wait

    def copy(self) -> Frame:
        """The same state once more."""
        other = Frame()
        other._in, other._out, other._at, other._history = bytearray(self._in), self._out, self._at, self._history
        other._stage, other._flags, other._largest = self._stage, self._flags, self._largest
        other._wait, other.eof, other.unused = self._wait, self.eof, self.unused
        return other

    def _step(self) -> None:
        """Read the header, or a block, or the end, once it is there as a whole."""
        if self._stage == "header":
            self._header()
        elif self._stage == "size":
            self._size()
        elif self._stage == "block":
            self._block()
        else:
            self.eof = True

    def _take(self, count: int) -> bytes:
        taken = bytes(self._in[:count])
        del self._in[:count]
        return taken

    def _header(self) -> None:
        flags, code = self._in[4], self._in[5] >> 4 & 7
        if self._in[:4] != MAGIC or flags >> 6 != 1 or code not in BLOCKS:
            raise ValueError("no LZ4 frame")
        self._wait = 7 + (8 if flags & SIZE else 0) + (4 if flags & DICTIONARY else 0)
        if len(self._in) < self._wait:
            return
        self._take(self._wait)
        self._flags, self._largest = flags, BLOCKS[code]
        self._stage, self._wait = "size", 4

    def _size(self) -> None:
        size = int.from_bytes(self._in[:4], "little")
        if size == 0:
            self._wait = 4 + (4 if self._flags & CONTENT_SUM else 0)
            if len(self._in) >= self._wait:
                self._take(self._wait)
                self._stage, self._wait = "end", 0
            return
        if size & ~STORED > self._largest:
            raise ValueError("an LZ4 block larger than the frame allows")
        self._stage = "block"
        self._wait = 4 + (size & ~STORED) + (4 if self._flags & BLOCK_SUM else 0)

    def _block(self) -> None:
        size = int.from_bytes(self._take(4), "little")
        data = self._take(size & ~STORED)
        if self._flags & BLOCK_SUM:
            self._take(4)
        history = b"" if self._flags & INDEPENDENT else self._history
        self._out = data if size & STORED else expand_block(data, history, self._largest)
        self._at = 0
        if not self._flags & INDEPENDENT:
            self._history = (history + self._out)[-HISTORY:]
        self._stage, self._wait = "size", 4


def expand_block(data: bytes, history: bytes, largest: int) -> bytes:
    """The content of one block, at most `largest` bytes; raises ValueError."""
    out = bytearray(history)
    end = len(history) + largest
    at = 0
    try:
        while at < len(data):
            token = data[at]
            length, at = _length(data, at + 1, token >> 4)
            out += data[at : at + length]
            at += length
            if at >= len(data):
                break
            offset = data[at] | data[at + 1] << 8
            length, at = _length(data, at + 2, token & 15)
            if len(out) + length + 4 > end:
                raise ValueError("an LZ4 block expands to more than the frame allows")
            _match(out, offset, length + 4)
    except IndexError:
        raise ValueError("an LZ4 block ends early") from None
    if len(out) > end or at > len(data):
        raise ValueError("an LZ4 block ends early or is too large")
    return bytes(memoryview(out)[len(history) :])


def _length(data: bytes, at: int, length: int) -> tuple[int, int]:
    """A length whose first part is known, and where it ends."""
    if length == 15:
        while (more := data[at]) == 255:
            length += 255
            at += 1
        length += more
        at += 1
    return length, at


def _match(out: bytearray, offset: int, length: int) -> None:
    """Copy from what was written; a match may overlap itself."""
    start = len(out) - offset
    if not offset or start < 0:
        raise ValueError("an LZ4 match reaches too far back")
    if offset >= length:
        out += out[start : start + length]
    else:
        out += (bytes(out[start:]) * (length // offset + 1))[:length]
