"""The bytes of a member: stored, or expanded in steps of bounded size."""

from __future__ import annotations

from zlib import crc32

from modelaudit.parsers.reader import WINDOW, BytesReader, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

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


STORED, DEFLATE, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
METHODS = {
    STORED: "stored",
    1: "shrink",
    6: "implode",
    DEFLATE: "deflate",
    9: "deflate64",
    BZIP2: "bzip2",
    LZMA: "lzma",
    20: "zstd",
    93: "zstd",
    94: "mp3",
    XZ: "xz",
    97: "wavpack",
    98: "ppmd",
    99: "aes",
}
SPOOL = 8 * 1024 * 1024  # bytes of a member that are held in memory
INPUT = 64 * 1024  # compressed bytes that are read at once
MEMORY = 64 * 1024 * 1024  # that a decoder may claim
SNAPSHOT = 16 * 1024 * 1024  # bytes of output between two states that are kept
SNAPSHOTS = 64
EOS_MARK = 0x0002  # flag: an LZMA stream ends with a mark


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
            if self._decoder.hungry():
                self._pending = self._source.window(self.consumed, INPUT)
                self.consumed += len(self._pending)
            data, self._pending = self._pending, b""
            out = self._feed(data, limit)
            if out:
                self.produced += len(out)
                return out
            if not data and self._decoder.hungry() and not self.done:
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


class _Deflate:
    """Raw deflate."""

    __slots__ = ("_full", "_state", "eof", "unused")

    def __init__(self) -> None:
        from zlib import decompressobj

        self._state = decompressobj(-15)
        self._full = False  # the last output was as long as allowed: there may be more
        self.eof = False
        self.unused = 0

    def feed(self, data: bytes, limit: int) -> bytes:
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
        return not self._full and not self._state.unconsumed_tail

    def copy(self) -> _Deflate:
        other = _Deflate()
        other._state, other._full = self._state.copy(), self._full
        other.eof, other.unused = self.eof, self.unused
        return other


class _Standard:
    """A decoder of the standard library with `needs_input`: bzip2, lzma."""

    __slots__ = ("_lead", "_state", "eof", "unused")

    def __init__(self, state: _Stdlib, lead: bytes = b"") -> None:
        self._state = state
        self._lead = lead  # input that stands before what is read
        self.eof = False
        self.unused = 0

    def feed(self, data: bytes, limit: int) -> bytes:
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
        return self._state.needs_input

    def copy(self) -> None:
        return None


if TYPE_CHECKING:

    class _Stdlib(Protocol):
        @property
        def eof(self) -> bool: ...
        @property
        def unused_data(self) -> bytes: ...
        @property
        def needs_input(self) -> bool: ...
        def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def expander(source: Reader, view: View) -> Expander | None:
    """The expander of a member's bytes, or None when the method is not supported."""
    if view.method == DEFLATE:
        return Expander(source, _Deflate())
    if view.method == BZIP2:
        from bz2 import BZ2Decompressor

        return Expander(source, _Standard(BZ2Decompressor()))
    if view.method in (LZMA, XZ):
        return _lzma(source, view)
    return None


def _lzma(source: Reader, view: View) -> Expander | None:
    """LZMA as ZIP has it is the old `.lzma` format with another header."""
    import lzma

    if view.method == XZ:
        return Expander(source, _Standard(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)))
    head = source.read_at(0, 9)  # version, length of the properties, properties
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        return None
    known = view.size is not None and not view.flags & EOS_MARK
    length = min(view.size or 0, 2**63 - 1).to_bytes(8, "little") if known else b"\xff" * 8
    state = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY)
    return Expander(SliceReader(source, 9, source.size - 9), _Standard(state, head[4:9] + length))


class ExpandedReader:
    """Random access to a compressed region by expanding it again; states are kept where the method allows it."""

    __slots__ = ("_at", "_begin", "_chunk", "_interval", "_open", "_snapshots", "size")

    def __init__(self, begin: Callable[[], Expander], size: int) -> None:
        self.size = size
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


class Ledger:
    """What was expanded from one archive, against its budgets."""

    FREE = 16 * 1024 * 1024  # bytes that may come from any archive

    __slots__ = ("_ratio", "_size", "_total", "check", "expanded")

    def __init__(self, size: int, ratio: int, total: int, check: Callable[[], None]) -> None:
        self._size = size
        self._ratio = ratio
        self._total = total
        self.check = check
        self.expanded = 0

    def spend(self, size: int) -> None:
        """Count expanded bytes."""
        self.check()
        self.expanded += size

    def spent(self) -> tuple[str, int, int] | None:
        """Name, value and budget of what is overrun."""
        if self.expanded > self._total:
            return "bytes", self.expanded, self._total
        if self.expanded > self.FREE and self.expanded > self._ratio * self._size:
            return "ratio", self.expanded // max(1, self._size), self._ratio
        return None


class View:
    """One way to read a member: where its bytes are, and what the headers claim of them."""

    __slots__ = ("compressed", "crc", "data", "flags", "method", "size")

    def __init__(self, data: int, method: int, flags: int, compressed: int, size: int | None, crc: int | None) -> None:
        self.data = data
        self.method = method
        self.flags = flags
        self.compressed = compressed
        self.size = size  # None and None when no header has them
        self.crc = crc

    def crc_ok(self, data: bytes) -> bool | None:
        """Whether the checksum fits all the bytes of the member."""
        return None if self.crc is None else crc32(data) == self.crc

    def key(self) -> tuple[int, int, int]:
        """What decides the bytes."""
        return self.data, self.method, self.compressed


class Content:
    """What was found in a member. `reader` is None when the method is not supported.

    `crc_ok` is None when the bytes were not all read; `slack` counts bytes after the end of compressed data.
    """

    __slots__ = ("crc_ok", "error", "reader", "size", "slack")

    def __init__(
        self, reader: Reader | None, size: int, crc_ok: bool | None = None, error: str | None = None, slack: int = 0
    ) -> None:
        self.reader = reader
        self.size = size
        self.crc_ok = crc_ok
        self.error = error
        self.slack = slack


def region(reader: Reader, view: View) -> SliceReader:
    """The member's bytes as they stand in the archive."""
    return SliceReader(reader, view.data, view.compressed)


def fetch(reader: Reader, view: View, ledger: Ledger) -> Content:
    """The content of a member. A small one is read here and held, a large one is expanded when it is read."""
    part = region(reader, view)
    if view.method == STORED:
        if part.size > SPOOL:
            return Content(part, part.size)
        data = part.read_at(0, part.size)
        ledger.spend(len(data))
        return Content(BytesReader(data), len(data), view.crc_ok(data))
    stream = expander(part, view)
    if stream is None:
        return Content(None, view.size or 0)
    return _expand(part, view, stream, ledger)


def _expand(part: SliceReader, view: View, stream: Expander, ledger: Ledger) -> Content:
    """Expand what fits into memory; if that is not all, only measure the rest when the claimed size is a lie."""
    chunks: list[bytes] = []
    while stream.produced <= SPOOL and (chunk := stream.read(WINDOW)):
        chunks.append(chunk)
        ledger.spend(len(chunk))
    if stream.produced <= SPOOL:
        data = b"".join(chunks)
        return Content(BytesReader(data), len(data), view.crc_ok(data), stream.error, stream.slack)
    del chunks
    size = view.size or 0
    if size <= SPOOL:
        size = _measure(stream, ledger)

    def again() -> Expander:
        fresh = expander(part, view)
        assert fresh is not None  # noqa: S101 - it was there before
        return fresh

    return Content(ExpandedReader(again, size), size)


def _measure(stream: Expander, ledger: Ledger) -> int:
    """How many bytes come out, as far as the budgets go."""
    while ledger.spent() is None and (chunk := stream.read(WINDOW)):
        ledger.spend(len(chunk))
    return stream.produced
