"""A stream's bytes in windows: one buffer that moves forward, whatever the size of the file."""

from __future__ import annotations

MOST = 256 * 1024  # bytes that are read at once: they stay in the processor's cache while they are hashed
FIRST = 32 * 1024  # the same behind data that was passed: more data may follow soon
SLACK = 320  # bytes that stand behind every position of the fast loop: its longest opcode takes 257
PROBE = 16 * 1024  # bytes that a probe reads at once
LINE_MAX = 64 * 1024  # bytes of a text line that are held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader


class Break(Exception):  # noqa: N818 - how a stream ends, never seen outside of the machine
    """The stream cannot be read further: a defect's code and detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Pause(Exception):  # noqa: N818 - never seen outside of the machine
    """Another stream begins at the offset, within this one; this one goes on behind it."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Tape:
    """The buffer `buf`, which starts at the file's offset `base`; zeros stand behind the last byte of the file.

    Positions are indexes into `buf`. Every method that may move the buffer returns the new position, and the
    caller takes `buf` anew.
    """

    __slots__ = ("base", "buf", "chunk", "end", "most", "read", "reader", "size")

    def __init__(self, reader: Reader, *, probe: bool = False) -> None:
        self.reader = reader
        self.read = reader.read_at if probe else reader.window
        self.chunk = self.most = PROBE if probe else MOST
        self.size = reader.size
        self.base = 0
        self.buf = b""
        self.end = 0  # bytes of the buffer that are the file's

    def seek(self, offset: int) -> int:
        """Make sure that the buffer holds what follows an offset; returns the position."""
        pos = offset - self.base
        held = self.base + self.end
        if 0 <= pos <= self.end and (held >= self.size or self.end - pos > SLACK):
            return pos
        kept = self.buf[pos : self.end] if 0 <= pos < self.end else b""
        start = offset + len(kept)
        self.chunk = min(2 * self.chunk, self.most) if kept else min(FIRST, self.most)
        data = self.read(start, self.chunk) if start < self.size else b""
        if not data:
            self.size = min(self.size, start)
        self.base = offset
        self.end = len(kept) + len(data)
        self.buf = kept + data + bytes(SLACK) if start + len(data) >= self.size else kept + data
        return 0

    def safe(self) -> int:
        """The position up to which an opcode of at most `SLACK` bytes may start."""
        return self.end if self.base + self.end >= self.size else self.end - SLACK

    def need(self, pos: int, count: int) -> int:
        """The position, with `count` bytes behind it; breaks at the end of the file."""
        if pos + count > self.end:
            if self.base + pos + count > self.size:
                raise Break("truncated", "the file ends within an opcode's argument")
            pos = self.fill(pos, count)
        return pos

    def jump(self, pos: int, _count: int) -> int:
        """Where an argument of so many bytes starts that the opcode or its size would put at the position."""
        return pos

    def enter(self, pos: int, _size: int) -> int:
        """Where the reading goes on after a FRAME opcode of that size."""
        return pos

    def fill(self, pos: int, count: int) -> int:
        """Read on until `count` bytes follow the position, or the file ends."""
        offset = self.base + pos
        kept = self.buf[pos : self.end]
        while len(kept) < count and offset + len(kept) < self.size:
            data = self.read(offset + len(kept), self.chunk)
            if not data:
                self.size = offset + len(kept)
                break
            kept += data
        self.base = offset
        self.end = len(kept)
        self.buf = kept + bytes(SLACK) if offset + len(kept) >= self.size else kept
        if self.end < count:
            raise Break("truncated", "the file ends within an opcode's argument")
        return 0

    def peek(self, pos: int, count: int) -> bytes:
        """At most `count` bytes from the position, without moving the buffer."""
        if pos + count <= self.end or self.base + self.end >= self.size:
            return self.buf[pos : min(self.end, pos + count)]
        return self.reader.read_at(self.base + pos, count)

    def line(self, pos: int) -> tuple[bytes, int, int]:
        r"""The line at the position without its `\n` (its first `LINE_MAX` bytes), its size, and the position after.

        At the end of the file the last byte is left out, as the pure Python reader does; the position is then
        beyond the end.
        """
        found = self.buf.find(b"\n", pos, self.end)
        if found >= 0:
            return self.buf[pos : min(found, pos + LINE_MAX)], found - pos, found + 1
        start = self.base + pos
        head = self.peek(pos, LINE_MAX)
        offset = self.base + self.end
        while offset < self.size:
            data = self.read(offset, self.chunk)
            if not data:
                break
            found = data.find(b"\n")
            if found >= 0:
                size = offset + found - start
                self.base, self.buf, self.end = offset, data, len(data)
                return head[:size], size, self.seek(start + size + 1)
            offset += len(data)
        self.size = min(self.size, max(offset, start))
        size = max(0, self.size - start - 1)
        return head[:size], size, self.seek(self.size) + 1


class FileTape(Tape):
    """The same bytes as CPython's C reader sees them when it reads a file object that cannot peek.

    That reader holds one frame; an argument that goes beyond its end is read anew from behind the frame, and the
    bytes between are lost (`_Unpickler_ReadImpl` and `_Unpickler_Readline` in `Modules/_pickle.c`).
    """

    __slots__ = ("limit",)

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.limit = 0  # offset at which the frame held ends

    def jump(self, pos: int, count: int) -> int:
        """The end of the frame, for an argument that goes beyond it."""
        start = self.base + pos
        if not start < self.limit < start + count:
            return pos
        start, self.limit = self.limit, self.limit + count
        return self.seek(start)

    def enter(self, pos: int, size: int) -> int:
        """Hold the frame; one that begins in another and goes beyond its end begins behind it."""
        start = self.base + pos
        if start + size <= self.limit:
            return pos
        start = max(start, self.limit)
        self.limit = start + size
        if self.limit > self.size:
            raise Break("truncated", "a FRAME that is longer than the file")
        return self.seek(start)

    def need(self, pos: int, count: int) -> int:
        """The position of an argument of `count` bytes."""
        return super().need(self.jump(pos, count), count)

    def line(self, pos: int) -> tuple[bytes, int, int]:
        """The line at the position, or at the frame's end when it does not end within the frame."""
        start = self.base + pos
        found = super().line(pos)
        if start < self.limit < self.base + found[2]:
            pos, self.limit = self.seek(self.limit), 0
            found = super().line(pos)
        if self.base + found[2] > self.size:
            raise Break("truncated", "the file ends within a line")
        return found
