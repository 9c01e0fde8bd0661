"""Zstandard frames: walked block by block, so that each step gives no more than a block's worth of output.

Layout: RFC 8878. The library decodes the blocks; what it would answer to one call with much input has no bound.
"""

from __future__ import annotations

from modelaudit.parsers.compressed import ASIDE
from modelaudit.parsers.expansion import WINDOW_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

MAGIC = b"\x28\xb5\x2f\xfd"
BLOCK = 128 * 1024  # most bytes that come out of one block
RLE, RESERVED = 1, 3
SINGLE, UNUSED, CHECKSUM = 0x20, 0x08, 0x04
IDS = (0, 1, 2, 4)  # bytes of the dictionary's id by the code in the header
SIZES = (0, 2, 4, 8)  # bytes of the content's size by its code


def is_aside(head: bytes) -> bool:
    """Whether a frame begins here that readers skip."""
    return head[1:4] == ASIDE and head[0] & 0xF0 == 0x50


class Frame:
    """A decoder of one frame."""

    __slots__ = ("_at", "_checked", "_in", "_left", "_out", "_stage", "_starved", "_state", "eof", "unused")

    def __init__(self) -> None:
        self._in = bytearray()
        self._out = b""
        self._at = 0  # bytes of the output that were taken
        self._stage = "magic"
        self._left = 0  # bytes of a frame that is skipped
        self._checked = False
        self._starved = True  # the next piece is not there as a whole
        self._state: ZstdDecompressionObj | None = None
        self.eof = False
        self.unused = 0  # bytes of input after the end of the frame

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output; ValueError on bad data."""
        self._in += data
        self._starved = False
        while self._at >= len(self._out) and not self._starved:
            self._starved = not self._step()
        out = self._out[self._at : self._at + limit]
        self._at += len(out)
        self.eof = self._stage == "end" and self._at >= len(self._out)
        self.unused = len(self._in) if self.eof else 0
        return out

    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        return self._at >= len(self._out) and self._starved and self._stage != "end"

    def copy(self) -> None:
        """Nothing: the state cannot be copied."""

    def _step(self) -> bool:
        """Go on by one piece; whether it was there as a whole."""
        if self._stage == "magic":
            return self._magic()
        if self._stage == "skip":
            return self._skip()
        if self._stage == "block":
            return self._block()
        return self._stage == "sum" and self._sum()

    def _magic(self) -> bool:
        if len(self._in) < 8:
            return False
        if is_aside(bytes(self._in[:4])):
            self._left = int.from_bytes(self._take(8)[4:], "little")
            self._stage = "skip"
            return True
        if self._in[:4] != MAGIC:
            raise ValueError("no Zstandard frame")
        return self._header()

    def _skip(self) -> bool:
        self._left -= len(self._take(min(self._left, len(self._in))))
        if not self._left:
            self._stage = "end"
        return False

    def _header(self) -> bool:
        """Read the frame's header and make a decoder, when the window is one that it may have."""
        flags = self._in[4]
        single = bool(flags & SINGLE)
        ids, sizes = IDS[flags & 3], SIZES[flags >> 6] or int(single)
        length = 5 + (not single) + ids + sizes
        if len(self._in) < length:
            return False
        raw = self._take(length)
        if flags & UNUSED:
            raise ValueError("a reserved bit of the Zstandard header is set")
        if any(raw[length - sizes - ids : length - sizes]):
            raise ValueError("the Zstandard frame needs a dictionary")
        size = int.from_bytes(raw[length - sizes :], "little") + (256 if sizes == 2 else 0)
        window = size if single else (8 + (raw[5] & 7)) << (7 + (raw[5] >> 3))
        if window > WINDOW_MAX:
            raise ValueError(f"the Zstandard frame asks for a window of {window} bytes, at most {WINDOW_MAX} are given")
        self._begin(raw)
        self._checked = bool(flags & CHECKSUM)
        self._stage = "block"
        return True

    def _begin(self, header: bytes) -> None:
        from zstandard import ZstdDecompressor

        self._state = ZstdDecompressor(max_window_size=WINDOW_MAX).decompressobj()
        self._give(header)

    def _block(self) -> bool:
        if len(self._in) < 3:
            return False
        head = int.from_bytes(self._in[:3], "little")
        kind, size = head >> 1 & 3, head >> 3
        if kind == RESERVED or size > BLOCK:
            raise ValueError("no Zstandard block has this header")
        length = 3 + (1 if kind == RLE else size)
        if len(self._in) < length:
            return False
        if head & 1:
            self._stage = "sum" if self._checked else "end"
        self._give(self._take(length))
        return True

    def _sum(self) -> bool:
        if len(self._in) < 4:
            return False
        self._stage = "end"
        self._give(self._take(4))
        return True

    def _give(self, data: bytes) -> None:
        """Hand a piece to the library and keep what comes out."""
        from zstandard import ZstdError

        assert self._state is not None  # noqa: S101 - made by the header
        try:
            self._out, self._at = self._state.decompress(data), 0
        except ZstdError as problem:
            raise ValueError(str(problem)) from None

    def _take(self, count: int) -> bytes:
        taken = bytes(self._in[:count])
        del self._in[:count]
        return taken
