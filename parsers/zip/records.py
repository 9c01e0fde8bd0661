"""The records of a ZIP file, decoded one by one.

Layout: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
DESCRIPTOR = b"PK\x07\x08"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"

_LOCAL = Struct("<4x5H3L2H")
_CENTRAL = Struct("<4x6H3L5H2L")
_END = Struct("<4x4H2LH")
_END64 = Struct("<4xQ2H2L4Q")
_LOCATOR64 = Struct("<4xLQL")
_HEAD = Struct("<2H")

LOCAL_SIZE = 30
CENTRAL_SIZE = 46
END_SIZE = 22
END64_SIZE = 56
LOCATOR64_SIZE = 20

MARK32 = 0xFFFFFFFF  # "see the zip64 field"
MARK16 = 0xFFFF
ZIP64 = 0x0001
UNICODE_PATH = 0x7075

ENCRYPTED = 0x0001
DESCRIBED = 0x0008  # sizes and checksum follow the data
STRONG = 0x0040
UTF8 = 0x0800
MASKED = 0x2000  # the local header's values are hidden


class Header:
    """What a local header and a central one have in common. Sizes and offsets are in bytes."""

    __slots__ = ("at", "compressed", "contradicts", "crc", "flags", "length", "method", "name", "size", "unicode_name")

    def __init__(self) -> None:
        self.at = 0  # of the record itself
        self.length = 0  # of the record
        self.name = b""
        self.unicode_name: bytes | None = None  # in the Unicode path field
        self.flags = 0
        self.method = 0
        self.crc = 0
        self.size = 0
        self.compressed = 0
        self.contradicts = False  # its zip64 field has other sizes than the header, which has room for them


class Local(Header):
    """A local header."""

    __slots__ = ()

    @property
    def data(self) -> int:
        """Offset of the member's bytes."""
        return self.at + self.length


class Central(Header):
    """An entry of the central directory. `offset` is that of the local header, as written."""

    __slots__ = ("attributes", "offset")

    def __init__(self) -> None:
        super().__init__()
        self.offset = 0
        self.attributes = 0

    @property
    def mode(self) -> int:
        """Unix mode bits, 0 when there are none."""
        return self.attributes >> 16


class End:
    """The end record, with the values of its zip64 forms when there are any.

    `at` is where the record itself stands, `first` where the first of the end records stands that follow the
    directory, `wide` where its zip64 form stands. `plausible` says whether a central directory is where the record
    puts it, `start` where that is, and `shift` what must be added to the offsets that are written in it.
    `others` are offsets at which other readers look for the directory. `disks` says that the archive is told to be
    one of several parts.
    """

    __slots__ = (
        "at",
        "comment",
        "count",
        "disagrees",
        "disks",
        "first",
        "offset",
        "others",
        "plausible",
        "shift",
        "size",
        "start",
        "wide",
    )

    def __init__(self) -> None:
        self.at = 0
        self.first = 0
        self.count = 0
        self.size = 0
        self.offset = 0
        self.comment = b""
        self.disagrees = False  # zip64 and plain values differ
        self.disks = False
        self.plausible = False
        self.start = 0
        self.shift = 0
        self.wide: int | None = None
        self.others: list[int] = []


def read_local(reader: Reader, at: int) -> Local | None:
    """The local header at `at`, or None when there is none."""
    raw = reader.read_at(at, LOCAL_SIZE)
    if len(raw) < LOCAL_SIZE or raw[:4] != LOCAL:
        return None
    header = Local()
    _, header.flags, header.method, _, _, crc, compressed, size, name, extra = _LOCAL.unpack(raw)
    header.crc, header.compressed, header.size = crc, compressed, size
    header.at = at
    header.length = LOCAL_SIZE + name + extra
    rest = reader.read_at(at + LOCAL_SIZE, name + extra)
    header.name = rest[:name]
    _extend(header, rest[name:])
    return header


def read_central(reader: Reader, at: int) -> Central | None:
    """The central directory's entry at `at`, or None when there is none."""
    raw = reader.read_at(at, CENTRAL_SIZE)
    if len(raw) < CENTRAL_SIZE or raw[:4] != CENTRAL:
        return None
    header = Central()
    _, _, header.flags, header.method, _, _, *rest = _CENTRAL.unpack(raw)
    header.crc, header.compressed, header.size, name, extra, comment, _, _, attributes, offset = rest
    header.attributes, header.offset = attributes, offset
    header.at = at
    header.length = CENTRAL_SIZE + name + extra + comment
    text = reader.read_at(at + CENTRAL_SIZE, name + extra)
    header.name = text[:name]
    _extend(header, text[name:])
    return header


def _extend(header: Header, extra: bytes) -> None:
    """Take what the extra fields say."""
    at = 0
    while at + 4 <= len(extra):
        id, length = _HEAD.unpack_from(extra, at)
        field = extra[at + 4 : at + 4 + length]
        if id == ZIP64:
            _widen(header, field)
        elif id == UNICODE_PATH and length > 5:
            header.unicode_name = field[5:]
        at += 4 + length


def _widen(header: Header, field: bytes) -> None:
    """Take from the zip64 field what the header itself has no room for."""
    values = [int.from_bytes(field[at : at + 8], "little") for at in range(0, len(field) - 7, 8)][::-1]
    if MARK32 not in (header.size, header.compressed) and header.size and len(values) > 1:
        header.contradicts = (header.size, header.compressed) != (values[-1], values[-2])
    if header.size == MARK32 and values:
        header.size = values.pop()
    if header.compressed == MARK32 and values:
        header.compressed = values.pop()
    if isinstance(header, Central) and header.offset == MARK32 and values:
        header.offset = values.pop()


def read_end(raw: bytes, at: int, offset: int) -> End:
    """The end record that stands at `at` in `raw`; `offset` is that of `raw` in the file."""
    end = End()
    disk, first, here, end.count, end.size, end.offset, comment = _END.unpack_from(raw, at)
    end.disks = here != end.count or bool({disk, first} - {0, MARK16})
    end.at = end.first = offset + at
    end.comment = raw[at + END_SIZE : at + END_SIZE + comment]
    return end


def widen_end(end: End, reader: Reader) -> None:
    """Take the values of the zip64 end record when its locator stands before the end record."""
    raw = reader.read_at(end.at - LOCATOR64_SIZE, LOCATOR64_SIZE)
    if end.at < LOCATOR64_SIZE or raw[:4] != LOCATOR64:
        return
    _, written, _ = _LOCATOR64.unpack(raw)
    before = end.at - LOCATOR64_SIZE - END64_SIZE  # where it should be
    records = [(at, record) for at in dict.fromkeys((before, written)) if (record := _end64(reader, at)) is not None]
    if not records:
        return
    plain = (end.count, end.size, end.offset)
    wide, (end.count, end.size, end.offset) = records[0]
    end.wide = wide
    end.first = wide if wide == before else end.at - LOCATOR64_SIZE
    marks = (MARK16, MARK32, MARK32)
    end.disagrees = len({record for _, record in records}) > 1 or any(
        short not in (mark, value) for short, mark, value in zip(plain, marks, records[0][1], strict=True)
    )
    offsets = [plain[2], *[record[2] for _, record in records]]
    end.others = [offset for offset in dict.fromkeys(offsets) if offset not in (MARK32, end.offset)]


def _end64(reader: Reader, at: int) -> tuple[int, int, int] | None:
    """Count, size and offset of a zip64 end record at `at`, or None when there is none."""
    record = reader.read_at(at, END64_SIZE)
    if at < 0 or len(record) < END64_SIZE or record[:4] != END64:
        return None
    *_, count, size, offset = _END64.unpack(record)
    return count, size, offset
