"""Compressed bytes: expanded in steps of bounded size, and read again from any offset."""

from __future__ import annotations

from zlib import crc32

from modelaudit.parsers.reader import WINDOW, BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

    class Decompressor(Protocol):
        """What the decoders of all methods have in common."""

        eof: bool
        unused: int

        def feed(self, data: bytes, limit: int) -> bytes:
            """At most `limit` bytes of output."""

        def hungry(self) -> bool:
            """Whether more input is needed for more output."""

        def copy(self) -> Decompressor | None:
            """The same state once more, or None when it cannot be copied."""


SPOOL = 8 * 1024 * 1024  # expanded bytes that are held in memory
EDGE = 1024 * 1024  # bytes at either end of a larger content that are held
MARK = 16  # bytes at doubling offsets that are held, where HDF5 may begin
INPUT = 64 * 1024  # compressed bytes that are read at once
WINDOW_MAX = 128 * 1024 * 1024  # bytes to which a decoder may refer back: `xz -9` has 64 MiB, `zstd --ultra` 128 MiB
MEMORY = WINDOW_MAX + 2 * 1024 * 1024  # that a decoder may claim
SNAPSHOT = 16 * 1024 * 1024  # bytes of output between two states that are kept
SNAPSHOTS = 64


class Expander:
    """A compressed region, expanded from front to back. `error` says why it ended early, if it did."""

    __slots__ = ("_decoder", "_pending", "_source", "consumed", "done", "error", "produced")

    def __init__(self, source: Reader, decoder: Decompressor) -> None:
        self._source = source
        self._decoder = decoder
        self._pending = b""  # input that the decoder has not seen
        self.consumed = 0  # bytes of input that were read
        self.produced = 0
        self.done = False
        self.error: str | None = None

    def read(self, limit: int) -> bytes:
        """The next bytes, at most `limit`; empty at the end."""
        while not self.done:
            ended = False
            if self._decoder.hungry():
                self._pending = self._source.window(self.consumed, INPUT)
                self.consumed += len(self._pending)
                ended = not self._pending
            data, self._pending = self._pending, b""
            out = self._feed(data, limit)
            if out:
                self.produced += len(out)
                return out
            if ended and not self.done:
                self.done, self.error = True, "the compressed data end early"
        return b""

    def _feed(self, data: bytes, limit: int) -> bytes:
        try:
            out = self._decoder.feed(data, limit)
        except (ValueError, OSError, EOFError, MemoryError) as error:  # zlib.error and LZMAError are wrapped
            self.done, self.error = True, str(error) or "no valid compressed data"
            return b""
        self.done = self._decoder.eof
        return out

    @property
    def slack(self) -> int:
        """Bytes of input after the end of the compressed data."""
        if not self.done or self.error:
            return 0
        return self._source.size - self.consumed + self._decoder.unused

    def copy(self) -> Expander | None:
        """The same state once more, or None when the decoder cannot be copied."""
        decoder = self._decoder.copy()
        if decoder is None:
            return None
        other = Expander(self._source, decoder)
        other._pending, other.consumed, other.produced = self._pending, self.consumed, self.produced
        other.done, other.error = self.done, self.error
        return other


class Deflate:
    """Deflate: raw with -15 for `bits`, as zlib with 15, as gzip with 31."""

    __slots__ = ("_bits", "_full", "_state", "eof", "unused")

    def __init__(self, bits: int = -15) -> None:
        from zlib import decompressobj

        self._bits = bits
        self._state = decompressobj(bits)
        self._full = False  # the last output was as long as allowed: there may be more
        self.eof = False
        self.unused = 0

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output; ValueError on bad data."""
        from zlib import error

        try:
            out = self._state.decompress(self._state.unconsumed_tail + data, limit)
        except error as problem:
            raise ValueError(str(problem)) from None
        self._full = len(out) >= limit
        self.eof = self._state.eof
        self.unused = len(self._state.unused_data)
        return out

    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        return not self._full and not self._state.unconsumed_tail

    def copy(self) -> Deflate:
        """The same state once more."""
        other = Deflate(self._bits)
        other._state, other._full = self._state.copy(), self._full
        other.eof, other.unused = self.eof, self.unused
        return other


class Standard:
    """A decoder of the standard library with `needs_input`: bzip2, lzma."""

    __slots__ = ("_lead", "_state", "eof", "unused")

    def __init__(self, state: _Stdlib, lead: bytes = b"") -> None:
        self._state = state
        self._lead = lead  # input that stands before what is read
        self.eof = False
        self.unused = 0

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output; ValueError on bad data."""
        from lzma import LZMAError

        data, self._lead = self._lead + data, b""
        try:
            out = self._state.decompress(data, limit)
        except LZMAError as problem:
            raise ValueError(str(problem)) from None
        self.eof = self._state.eof
        self.unused = len(self._state.unused_data)
        return out

    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        return self._state.needs_input

    def copy(self) -> None:
        """Nothing: the state cannot be copied."""


if TYPE_CHECKING:

    class _Stdlib(Protocol):
        """What these decoders have in common."""

        @property
        def eof(self) -> bool: ...
        @property
        def unused_data(self) -> bytes: ...
        @property
        def needs_input(self) -> bool: ...
        def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class ExpandedReader:
    """Random access to a compressed region by expanding it again; states are kept where the method allows it."""

    __slots__ = ("_at", "_begin", "_chunk", "_interval", "_open", "_snapshots", "expanded", "size")

    def __init__(self, begin: Callable[[], Expander], size: int) -> None:
        self.size = size
        self.expanded = 0  # bytes that came out so far, each as often as it did
        self._open = begin
        self._at = begin()
        self._begin = 0  # offset of the chunk
        self._chunk = b""
        self._interval = SNAPSHOT
        self._snapshots: list[Expander] = []

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        if offset < 0 or offset >= self.size or length <= 0:
            return b""
        stop = min(offset + length, self.size)
        self._seek(offset)
        parts: list[bytes] = []
        while offset < stop:
            part = self._chunk[offset - self._begin : stop - self._begin]
            if part:
                parts.append(part)
                offset += len(part)
            elif not self._next():
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def _seek(self, offset: int) -> None:
        """Make the chunk end behind `offset`, or at the end of the data."""
        if offset < self._begin:
            earlier = [state for state in self._snapshots if state.produced <= offset]
            kept = earlier[-1].copy() if earlier else None
            self._at = kept or self._open()
            self._begin, self._chunk = self._at.produced, b""
        while offset >= self._begin + len(self._chunk) and self._next():
            pass

    def _next(self) -> bool:
        """Expand the next chunk."""
        self._keep()
        self._begin = self._at.produced
        self._chunk = self._at.read(WINDOW)
        self.expanded += len(self._chunk)
        return bool(self._chunk)

    def _keep(self) -> None:
        """Keep the present state when the last one lies far enough back."""
        last = self._snapshots[-1].produced if self._snapshots else 0
        if self._at.produced < last + self._interval:
            return
        state = self._at.copy()
        if state is not None:
            self._snapshots.append(state)
            if len(self._snapshots) > SNAPSHOTS:
                del self._snapshots[::2]
                self._interval *= 2


class Edges:
    """A large content of which is held where recognisers look; `begin` gives all of it.

    That are the two ends, and a few bytes at the offsets in `marks`.
    """

    __slots__ = ("_begin", "_head", "_marks", "_tail", "_whole", "size")

    def __init__(
        self, head: bytes, tail: bytes, marks: Mapping[int, bytes], begin: Callable[[], Reader], size: int
    ) -> None:
        self._head = head
        self._tail = tail
        self._marks = marks
        self._begin = begin
        self._whole: Reader | None = None
        self.size = size

    @property
    def expanded(self) -> int:
        """Bytes that came out so far, each as often as it did, beside those that are held."""
        return 0 if self._whole is None else getattr(self._whole, "expanded", 0)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        end = min(offset + length, self.size)
        begin = self.size - len(self._tail)
        if offset < 0 or offset >= end:
            return b""
        if end <= len(self._head):
            return self._head[offset:end]
        if offset >= begin:
            return self._tail[offset - begin : end - begin]
        mark = self._marks.get(offset, b"")
        if end - offset <= len(mark):
            return mark[: end - offset]
        if self._whole is None:
            self._whole = self._begin()
        return self._whole.read_at(offset, end - offset)

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


class Spool:
    """Content while it comes out for the first time: all of it is held, or the two ends when it is large."""

    __slots__ = ("_chunks", "_head", "_mark", "_marks", "_tail", "crc", "size")

    def __init__(self) -> None:
        self._mark = EDGE  # the last offset at which a few bytes are held, and the next one is twice as far
        self._marks: dict[int, bytes] = {}
        self._chunks: list[bytes] = []
        self._head = b""
        self._tail = b""
        self.size = 0
        self.crc = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self.crc = crc32(chunk, self.crc)
        if self.size <= SPOOL:
            self._chunks.append(chunk)
            return
        at = self.size - len(chunk)
        if not self._head:
            chunk, at = b"".join([*self._chunks, chunk]), 0
            self._head = chunk[:EDGE]
            self._chunks.clear()
        self._note(chunk, at)
        self._tail = (self._tail + chunk)[-EDGE:]

    def _note(self, chunk: bytes, at: int) -> None:
        """Hold a few bytes at doubling offsets, as far as they lie in what begins at an offset."""
        held = self._marks.get(self._mark, b"")
        if held and len(held) < MARK:
            self._marks[self._mark] = (held + chunk)[:MARK]
        while 2 * self._mark < at + len(chunk):
            self._mark *= 2
            self._marks[self._mark] = chunk[self._mark - at : self._mark - at + MARK]

    def reader(self, begin: Callable[[], Reader]) -> Reader:
        """A reader of what came out; `begin` gives it once more when it is too large to be held."""
        if self.size <= SPOOL:
            return BytesReader(b"".join(self._chunks))
        return Edges(self._head, self._tail, self._marks, begin, self.size)


class Ledger:
    """What was expanded from one archive, against its budgets, and what all archives in one file expanded.

    An archive in which there are many is expanded in each of them, so that what all may is measured too: twice what may
    be read of them, since a parser looks at its members before they are read. `own` is what this one may in any case.
    """

    FREE = 16 * 1024 * 1024  # bytes that may come from any archive

    __slots__ = ("_context", "_size", "_total", "check", "expanded", "ratio")

    def __init__(self, size: int, context: Context, own: int = 0) -> None:
        self._size = size
        self._context = context
        self.ratio = context.budget("ratio")
        self._total = max(context.budget("expanded"), own)
        self.check = context.check
        self.expanded = 0

    def spend(self, size: int) -> None:
        """Count expanded bytes."""
        self.hold(size)
        self._context.expanded += size

    def hold(self, size: int) -> None:
        """Count bytes that are only stored in the archive, and held."""
        self.check()
        self.expanded += size

    def swells(self, size: int, compressed: int) -> bool:
        """Whether a part of the archive expands more than an archive may; what else it gives is not counted."""
        return size > self.FREE and size > self.ratio * compressed

    def spent(self) -> tuple[str, int, int] | None:
        """Name, value and budget of what is overrun."""
        if self.expanded > self._total:
            return "bytes", self.expanded, self._total
        if self.expanded > self.FREE and self.expanded > self.ratio * self._size:
            return "ratio", self.expanded // max(1, self._size), self.ratio
        everywhere = 2 * self._context.budget("expanded")
        return ("bytes", self._context.expanded, everywhere) if self._context.expanded > everywhere else None
