"""Compressed streams, one behind the other as loaders read them, and their content as an artifact."""

from __future__ import annotations

from modelaudit.engine.facts import KINDS, Defect, Limit, Place
from modelaudit.parsers.base import Nested
from modelaudit.parsers.compressed import MAGICS, format_of
from modelaudit.parsers.expansion import MEMORY, Deflate, ExpandedReader, Expander, Ledger, Spool, Standard
from modelaudit.parsers.reader import WINDOW, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.expansion import Decompressor
    from modelaudit.parsers.reader import Reader

CONTENT = frozenset(KINDS) - {"artifact", "defect", "limit"}
PADDING = 4096  # zeros between two streams that are passed
ZFILE = 21  # bytes of the header of joblib's old format: `ZF` and a length in 19 characters
STREAMS = 1_000_000
STARTS = 1000  # streams of which the headers are looked at
ASIDES = 64  # frames to be skipped that are looked into


class Chain(Expander):
    """All streams of a file that follow one another, as one."""

    __slots__ = ("_id", "_left", "starts")

    def __init__(self, source: Reader, id: str) -> None:
        super().__init__(source, decoder(id))
        self._id = id
        self._left = STREAMS
        self.starts = [0]  # offsets of the first streams

    def read(self, limit: int) -> bytes:
        """The next bytes, at most `limit`; empty at the end."""
        while not (data := super().read(limit)):
            if not self._next():
                return b""
        return data

    def _next(self) -> bool:
        """Go on with a stream that follows the one that has ended."""
        begin = self._source.size - self.slack
        if self.error is not None or not self.slack or not self._left:
            return False
        padding = self._source.read_at(begin, PADDING)
        begin += len(padding) - len(padding.lstrip(b"\0"))
        head = self._source.read_at(begin, 16)
        if format_of(head) != self._id or self._id == "zfile":
            return False
        self._decoder = decoder(self._id)
        self._left -= 1
        self._pending, self.consumed, self.done = b"", begin, False
        if len(self.starts) < STARTS:
            self.starts.append(begin)
        return True

    def copy(self) -> Chain | None:
        """The same state once more, or None when the decoder cannot be copied."""
        state = self._decoder.copy()
        if state is None:
            return None
        other = Chain(self._source, self._id)
        other._decoder, other._left = state, self._left
        other._pending, other.consumed, other.produced = self._pending, self.consumed, self.produced
        other.done, other.error = self.done, self.error
        return other


def decoder(id: str) -> Decompressor:
    """A new decoder of one stream."""
    if id in ("zlib", "zfile"):
        return Deflate(15)
    if id == "gzip":
        return Deflate(31)
    if id == "lz4":
        from modelaudit.parsers.compressed.lz4 import Frame

        return Frame()
    if id == "zstd":
        from modelaudit.parsers.compressed import zstd

        return zstd.Frame()
    if id == "bzip2":
        from bz2 import BZ2Decompressor

        return Standard(BZ2Decompressor())
    import lzma

    form = lzma.FORMAT_XZ if id == "xz" else lzma.FORMAT_ALONE
    return Standard(lzma.LZMADecompressor(form, memlimit=MEMORY))


def source_of(reader: Reader, id: str) -> Reader:
    """The compressed bytes, without a header that is not the codec's."""
    if id != "zfile":
        return reader
    start = ZFILE + (reader.read_at(ZFILE, 1) == b" ")  # written by Python 2 with a blank more
    return SliceReader(reader, start, reader.size - start)


def beginning(reader: Reader, id: str, length: int) -> bytes:
    """At most `length` bytes of the content."""
    chain = Chain(source_of(reader, id), id)
    return chain.read(length)


def parse_stream(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The content of a compressed file."""
    reader = artifact.reader
    id = format_of(reader.read_at(0, 16))
    if id is None:
        yield Defect(artifact.path, code="bad-data", detail="no codec begins like this", affects=CONTENT)
        return
    source = source_of(reader, id)
    ledger = Ledger(reader.size, context)
    chain = Chain(source, id)
    content = _content(chain, source, id, ledger)
    yield from _problems(artifact.path, chain, ledger)
    name = "content.pkl" if "joblib" in (artifact.format, artifact.extension[1:]) else "content"
    if content.size:
        yield Nested(name, content, role="member", compressed_size=reader.size)
    yield from _asides(chain, source)
    if id == "gzip":
        from modelaudit.parsers.compressed.gzip import said_by_headers

        yield from said_by_headers(artifact.path, source, chain.starts, context)
    if chain.slack and not _is_zero(reader, reader.size - chain.slack, context):
        start = reader.size - chain.slack
        yield Defect(
            artifact.path,
            code="trailing-data",
            detail=f"{chain.slack} bytes after the compressed data",
            places=(Place(offset=start),),
        )
        yield Nested("trailing-data", SliceReader(reader, start, chain.slack), role="member", view="hidden")


def _asides(chain: Chain, source: Reader) -> Iterator[Nested]:
    """What stands in frames that readers of Zstandard skip."""
    found = 0
    for start in chain.starts:
        head = source.read_at(start, 8)
        size = int.from_bytes(head[4:], "little")
        if format_of(head) == "zstd" and not head.startswith(MAGICS["zstd"]) and size and found < ASIDES:
            found += 1
            yield Nested(f"skipped-{start}", SliceReader(source, start + 8, size), role="other", view="hidden")


def _is_zero(reader: Reader, start: int, context: Context) -> bool:
    """Whether nothing but zeros stands from an offset on."""
    for at in range(start, reader.size, WINDOW):
        context.check()
        if reader.read_at(at, WINDOW).strip(b"\0"):
            return False
    return True


def _content(chain: Chain, source: Reader, id: str, ledger: Ledger) -> Reader:
    """What comes out: held when it is small, else expanded again when it is read."""
    spool = Spool()
    while chunk := chain.read(WINDOW):
        ledger.spend(len(chunk))
        spool.add(chunk)
        if ledger.spent() is not None:
            break
    return spool.reader(lambda: ExpandedReader(lambda: Chain(source, id), spool.size))


def _problems(path: str, chain: Chain, ledger: Ledger) -> Iterator[Fact]:
    """Why not all of the content was read."""
    overrun = ledger.spent()
    if overrun is not None:
        what, at, budget = overrun
        yield Limit(path, what=what, at=at, budget=budget, by="file", affects=CONTENT)
    if chain.error is not None:
        place = Place(offset=chain.consumed)
        yield Defect(path, code="bad-data", detail=chain.error, affects=CONTENT, places=(place,))
