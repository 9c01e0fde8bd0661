"""The bytes of a member: stored, or expanded in steps of bounded size."""

from __future__ import annotations

from zlib import crc32

from modelaudit.parsers.expansion import MEMORY, SPOOL, Deflate, ExpandedReader, Expander, Spool, Standard
from modelaudit.parsers.reader import WINDOW, BytesReader, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.expansion import Ledger
    from modelaudit.parsers.reader import Reader


STORED, DEFLATE, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
ZSTD = (93, 20)  # the second is the method's old number
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
EOS_MARK = 0x0002  # flag: an LZMA stream ends with a mark
GAIN = 16 * 1024  # bytes that LZMA can make of one, with room: 273 of them are never less than 0.3 bit


def expander(source: Reader, view: View) -> Expander | None:
    """The expander of a member's bytes, or None when the method is not supported."""
    if view.method == DEFLATE:
        return Expander(source, Deflate())
    if view.method == BZIP2:
        from bz2 import BZ2Decompressor

        return Expander(source, Standard(BZ2Decompressor()))
    if view.method in (LZMA, XZ):
        return _lzma(source, view)
    if view.method in ZSTD:
        from modelaudit.parsers.compressed.zstd import Frame

        return Expander(source, Frame())
    return None


def _lzma(source: Reader, view: View) -> Expander | None:
    """LZMA as ZIP has it is the old `.lzma` format with another header."""
    import lzma

    if view.method == XZ:
        return Expander(source, Standard(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)))
    head = source.read_at(0, 9)  # version, length of the properties, properties
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        return None
    known = view.size is not None and not view.flags & EOS_MARK
    length = min(view.size or 0, 2**63 - 1).to_bytes(8, "little") if known else b"\xff" * 8
    state = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY)
    # the decoder claims what is written there, and more than can ever come out is never referred back to
    dictionary = min(int.from_bytes(head[5:9], "little"), GAIN * source.size).to_bytes(4, "little")
    return Expander(SliceReader(source, 9, source.size - 9), Standard(state, head[4:5] + dictionary + length))


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
        ledger.hold(len(data))
        return Content(BytesReader(data), len(data), view.crc_ok(data))
    stream = expander(part, view)
    if stream is None:
        return Content(None, view.size or 0)
    return _expand(part, view, stream, ledger)


def _expand(part: SliceReader, view: View, stream: Expander, ledger: Ledger) -> Content:
    """Expand all of a member once, as far as the budgets go: it is held when it is small, else its two ends are."""
    spool = Spool()
    while chunk := stream.read(WINDOW):
        ledger.spend(len(chunk))
        spool.add(chunk)
        if ledger.swells(spool.size, part.size) or ledger.spent() is not None:
            break
    if not stream.done:  # whoever reads on is told that it is too much
        size = max(spool.size, view.size or 0)
        return Content(ExpandedReader(lambda: again(part, view), size), size)
    crc_ok = None if view.crc is None else spool.crc == view.crc
    reader = spool.reader(lambda: ExpandedReader(lambda: again(part, view), spool.size))
    return Content(reader, spool.size, crc_ok, stream.error, stream.slack)


def again(part: SliceReader, view: View) -> Expander:
    """The expander once more, of a member that had one."""
    fresh = expander(part, view)
    assert fresh is not None  # noqa: S101 - it was there before
    return fresh
