"""Files in the low bits of weights: bits are put together again, in the ways that tools for hiding use, and looked at.

Trained weights have low bits that are close to random, so that only a file whose structure holds counts. Ways: the low
1, 2, 4 and 8 bits of every value, the first value first or last in a byte, and whole low bytes (all but the highest of
each value) as in EvilModel (arXiv 2107.08590), in both orders. A thorough look also takes 3, 5, 6 and 7 bits, every
second to fourth value, the bytes above the lowest one by one, and finds text.
"""

from __future__ import annotations

from functools import cache

from modelaudit.parsers.executables import structure
from modelaudit.parsers.executables.search import signatures
from modelaudit.parsers.reader import BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.weights import Element

START = 32  # bytes of each way that are put together at first: no prefix and magic are longer
HEAD = 64 * 1024  # bytes of a tensor that are looked at when one of them begins as a file does
WHOLE = 64 * 1024 * 1024  # bytes of one that begins as a file does
PREFIXES = (0, 4, 8)  # bytes before a file, where its length may stand
BITS = (1, 2, 4, 8)
LOOK = 1024  # bytes that are looked at then
PICKLE_MIN = 24  # bytes of a pickle that is no chance
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95")
ARCHIVES = {b"PK\x03\x04": "zip", b"7z\xbc\xaf\x27\x1c": "7z", b"\xfd7zXZ\x00": "xz"}
GZIP = b"\x1f\x8b\x08"
GZIP_MIN = 64  # bytes that have to come out


class Hidden:
    """A file in the low bits: its kind, the way in which it is hidden, its bytes as far as they were put together."""

    __slots__ = ("data", "kind", "method")

    def __init__(self, kind: str, method: str, data: bytes) -> None:
        self.kind = kind
        self.method = method
        self.data = data


def hidden(reader: Reader, offset: int, nbytes: int, element: Element, *, thorough: bool = False) -> Hidden | None:
    """The file in the low bits of a tensor's values, None when there is none; `thorough` looks in more ways."""
    found = _usual(reader, offset, nbytes, element)
    if found is not None or not thorough:
        return found
    from modelaudit.parsers.weights.strides import strided

    head = reader.read_at(offset, min(HEAD, nbytes // element.size * element.size))
    return strided(head, element)


def _usual(reader: Reader, offset: int, nbytes: int, element: Element) -> Hidden | None:
    """The file that stands there in one of the ways that are looked at in every tensor."""
    known = nbytes // element.size * element.size
    start = reader.read_at(offset, min(START * 8 * element.size, known))
    if not any(_may_start(data) for _, data in _ways(start, element, None, START)):
        return None
    head = reader.read_at(offset, min(HEAD, known))
    for method, data in _ways(head, element, None, LOOK):
        if not _may_begin(data):
            continue
        whole = reader.read_at(offset, min(WHOLE, known))
        for _, full in _ways(whole, element, method):
            found = file_in(full)
            if found is not None:
                return Hidden(found[0], method, full[found[1] :])
    return None


def _ways(data: bytes, element: Element, only: str | None, most: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Each way, or the one that is named, and the bytes that come of it: all, or the first `most`."""
    size = element.size
    low = data[size - 1 :: size] if element.big else data[::size]
    for bits in BITS:
        for order in ("first-high", "first-low") if bits < 8 else ("",):
            method = f"lsb-{bits}{'-' if order else ''}{order}"
            if only in (None, method):
                values = low if most is None else low[: most * 8 // bits]
                yield method, _packed(values, bits, high=order == "first-high")
    if size > 2:
        for order in ("little", "big"):
            method = f"low-bytes-{order}"
            if only in (None, method):
                values = data if most is None else data[: -(-most // (size - 1)) * size]
                yield method, _bytes(values, element, order == "big")


def _packed(low: bytes, bits: int, *, high: bool) -> bytes:
    """The low bits of bytes, put together to bytes; the first value fills the high bits or the low ones."""
    if bits == 8:
        return low
    each = 8 // bits
    low = low[: len(low) // each * each]
    masked = low.translate(_mask(bits))
    total = 0
    for place in range(each):
        shift = bits * (each - 1 - place if high else place)
        total |= int.from_bytes(masked[place::each], "little") << shift
    return total.to_bytes(len(low) // each, "little")


@cache
def _mask(bits: int) -> bytes:
    return bytes(value & ((1 << bits) - 1) for value in range(256))


def _bytes(data: bytes, element: Element, reverse: bool) -> bytes:
    """All bytes of the values but the highest, which has sign and exponent."""
    size = element.size
    lanes = range(1, size) if element.big else range(size - 1)
    out = bytearray(len(data) // size * (size - 1))
    for at, lane in enumerate(reversed(lanes) if reverse else lanes):
        out[at :: size - 1] = data[lane::size]
    return bytes(out)


def _may_start(data: bytes) -> bool:
    """Whether the first bytes do not rule out that these are the beginning of a file."""
    magics = _starts()
    return any(data.startswith(magics, prefix) for prefix in PREFIXES)


def _may_begin(data: bytes) -> bool:
    """Whether bytes may be the beginning of a file, by magics that chance seldom has."""
    magics = _magics()
    for prefix in PREFIXES:
        if data.startswith(magics, prefix) or (data.startswith(b"MZ", prefix) and b"PE\0\0" in data):
            return True
    return False


@cache
def _magics() -> tuple[bytes, ...]:
    programs = (one.magic for one in signatures() if one.check not in ("pe", "pyc"))
    return (*ARCHIVES, *PICKLES, GZIP, *programs)


@cache
def _starts() -> tuple[bytes, ...]:
    return (*_magics(), b"MZ")


def file_in(data: bytes) -> tuple[str, int] | None:
    """The kind of the file that begins at one of the places, and where; its structure holds."""
    for prefix in PREFIXES:
        part = data[prefix:]
        kind = _program(part) or _archive(part) or _pickle(part)
        if kind:
            return kind, prefix
    return None


def _program(data: bytes) -> str:
    reader = BytesReader(data)
    for one in signatures():
        at = data.find(one.magic, 0, LOOK) if one.check == "pe" else 0
        if at >= 0 and data.startswith(one.magic, at):
            found = structure(one.check, reader, at)
            if found is not None and not found.start:
                return found.kind
    return ""


def _archive(data: bytes) -> str:
    for magic, kind in ARCHIVES.items():
        if data.startswith(magic):
            return kind if kind != "zip" or _is_zip(data) else ""
    if data.startswith(GZIP):
        from zlib import decompressobj, error

        try:
            return "gzip" if len(decompressobj(31).decompress(data, GZIP_MIN)) >= GZIP_MIN else ""
        except error:
            return ""
    return ""


def _is_zip(data: bytes) -> bool:
    """Whether a member with a printable name begins here."""
    length = int.from_bytes(data[26:28], "little")
    name = data[30 : 30 + length]
    return 0 < length <= 512 and len(name) == length and name.isascii() and name.decode().isprintable()


def _pickle(data: bytes) -> str:
    """A pickle that ends, or calls what it imports by a sound name."""
    if not data.startswith(PICKLES):
        return ""
    from modelaudit.parsers.pickle.search import probe

    machine = probe(BytesReader(data), 0)
    if machine.stopped and machine.offset >= PICKLE_MIN:
        return "pickle"
    names = [str(part) for key in machine.imports for part in key[:2]]
    sound = bool(names) and all(part.replace(".", "_").isidentifier() for part in names)
    return "pickle" if sound and machine.calls > machine.persistent else ""
