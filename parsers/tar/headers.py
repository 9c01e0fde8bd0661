"""Headers of tar archives, with the records that come before one and replace its fields."""

from __future__ import annotations

from modelaudit.engine.facts import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

BLOCK = 512
EXTRA_MAX = 1024 * 1024  # bytes of a long name or of pax records
RECORDS_MAX = 10_000  # of pax in one header
EXTRAS_MAX = 64  # headers before one member
SPARSE_MAX = 10_000  # blocks of a map of holes
LONG_NAME, LONG_LINK, PAX, GLOBAL, SPARSE = b"L", b"K", b"x", b"g", b"S"
HARD, SYMBOLIC, FOLDER = b"1", b"2", b"5"
FILES = frozenset({b"0", b"\0", b"7", SPARSE})
DEVICES = frozenset({b"3", b"4", b"6"})
EMPTY = frozenset({HARD, SYMBOLIC, FOLDER, *DEVICES})  # have no data, whatever size they state


class HeaderError(ValueError):
    """No header stands there; the words say why."""


class Entry:
    """A member: `start` and `size` are those of its data, `end` is where the next header stands."""

    __slots__ = ("end", "kind", "mode", "name", "offset", "short_name", "size", "sizes", "sparse", "start", "target")

    def __init__(self, raw: bytes, offset: int, start: int) -> None:
        self.offset = offset
        self.start = start
        self.kind = raw[156:157]
        self.mode = number(raw[100:108]) or 0
        self.short_name = _short_name(raw)
        self.name = self.short_name
        self.target = _text(raw[157:257])
        size = number(raw[124:136])
        if size is None or size < 0:
            raise HeaderError("the size is no number")
        self.sizes = {size}  # as headers and records state it
        self.size = size
        self.sparse = self.kind == SPARSE
        self.end = start

    def settle(self, records: dict[str, str]) -> None:
        """Replace what records say otherwise, and work out where the next header stands."""
        self.name = records.get("GNU.sparse.name") or records.get("path") or self.name
        self.target = records.get("linkpath") or self.target
        self.sparse = self.sparse or any(key.startswith("GNU.sparse.") for key in records)
        written = records.get("size", "")
        if written.isascii() and written.isdigit() and len(written) < 20:
            self.size = int(written)
            self.sizes.add(self.size)
        if self.kind in EMPTY:
            self.size = 0
        self.end = self.start + -(-self.size // BLOCK) * BLOCK


def is_header(raw: bytes) -> bool:
    """Whether a block is a header: its checksum is right, with signed bytes or unsigned ones."""
    written = number(raw[148:156])
    if written is None or not raw.strip(b"\0"):
        return False
    rest = raw[:148] + b" " * 8 + raw[156:BLOCK]
    unsigned = sum(rest)
    return written in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))


def number(raw: bytes) -> int | None:
    """A number in octal digits, or GNU's in base 256; None for what is neither."""
    if raw[:1] in (b"\x80", b"\xff"):
        value = int.from_bytes(raw[1:], "big")
        return value if raw[0] == 0x80 else value - 256 ** (len(raw) - 1)
    digits = raw.strip(b"\0 ").partition(b"\0")[0].strip()
    return int(digits or b"0", 8) if all(48 <= byte < 56 for byte in digits) else None


def read_entry(reader: Reader, offset: int, common: dict[str, str]) -> Entry:
    """The member whose headers begin at the offset. Records of a global header are kept in `common`.

    Raises `HeaderError`.
    """
    records: dict[str, str] = {}
    at = offset
    for _ in range(EXTRAS_MAX):
        raw = reader.read_at(at, BLOCK)
        if len(raw) < BLOCK or not is_header(raw):
            raise HeaderError("the archive ends within a header" if len(raw) < BLOCK else "the checksum is wrong")
        entry = Entry(raw, offset, at + BLOCK)
        if entry.kind not in (LONG_NAME, LONG_LINK, PAX, GLOBAL, b"X"):
            if entry.kind == SPARSE:
                entry.start = _behind_map(reader, raw, entry.start)
            entry.settle({**common, **records})
            return entry
        data = reader.read_at(entry.start, min(entry.size, EXTRA_MAX))
        if entry.kind == LONG_NAME:
            records["path"] = _text(data)
        elif entry.kind == LONG_LINK:
            records["linkpath"] = _text(data)
        else:
            (common if entry.kind == GLOBAL else records).update(pax_records(data))
        entry.settle({})
        at = entry.end
    raise HeaderError("too many headers before a member")


def pax_records(data: bytes) -> dict[str, str]:
    """The records `LENGTH KEY=VALUE\\n`, as far as they are sound."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data) and len(found) < RECORDS_MAX:
        space = data.find(b" ", at, at + 20)
        digits = data[at:space] if space > 0 else b""
        if not digits.isdigit():
            break
        end = at + int(digits)
        key, equals, value = data[space + 1 : end].partition(b"=")
        if not equals or end <= space or end > len(data):
            break
        found[decode(key)[0]] = decode(value.removesuffix(b"\n"))[0]
        at = end
    return found


def _behind_map(reader: Reader, raw: bytes, start: int) -> int:
    """Where the data of an old GNU sparse member begin: behind the blocks that go on with its map."""
    more = raw[482:483] not in (b"\0", b"")
    for _ in range(SPARSE_MAX):
        if not more:
            return start
        block = reader.read_at(start, BLOCK)
        if len(block) < BLOCK:
            break
        more = block[504:505] != b"\0"
        start += BLOCK
    raise HeaderError("the map of a sparse member does not end")


def _short_name(raw: bytes) -> str:
    name = _text(raw[:100])
    prefix = _text(raw[345:500]) if raw[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(raw: bytes) -> str:
    return decode(raw.partition(b"\0")[0])[0]
