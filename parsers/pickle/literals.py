"""Constants worth a second look: text for rules, and bytes that are a file in themselves."""

from __future__ import annotations

import json
import os.path
import re
from binascii import Error, a2b_base64, unhexlify
from functools import cache

from modelaudit.engine.facts import TEXT_MAX, Blob, Place, Text, decode
from modelaudit.parsers.base import Nested, Searched
from modelaudit.parsers.pickle import latin
from modelaudit.parsers.pickle.tape import FileTape
from modelaudit.parsers.reader import BytesReader, SliceReader

KEY_MAX = 100  # bytes of a text that may be the key of a secret
NAMED_MAX = 1024  # such texts that one stream keeps
LITERAL_MIN = 8  # bytes of a constant that is looked at
ENCODED_MIN = 24  # bytes of one that may be encoded
HASHED = 16 * 1024 * 1024  # bytes of a blob whose digest is taken
ENCODED = re.compile(rb"[A-Za-z0-9+/_=-]{24}")  # what begins so may be base64 or hexadecimal
LEAD = 24  # characters of a text by which it is seen whether it may be turned around
TURNED = re.compile(rb"[A-Za-z0-9+/_=-]{40}[A-Za-z0-9+/_=\s-]*+")  # the whole of what may be turned around
ENCODED_85 = re.compile(rb"[!-~]{24}")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
ROT13 = bytes.maketrans(ALPHABET[:52], ALPHABET[13:26] + ALPHABET[:13] + ALPHABET[39:52] + ALPHABET[26:39])
ZEROS = (bytes(8), bytes(7))
MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16
URL = bytes.maketrans(b"+/", b"-_")  # base64 of addresses
PLUS = bytes.maketrans(b"-_", b"+/")
COMPRESSED = frozenset(["zlib", "gzip", "bzip2", "xz", "lzma"])  # kinds whose content is looked at
STARTS = b"#@\"'_\n"  # besides letters, what source begins with
LISTS = b"[({"  # what a list of numbers that is written out begins with
NUMBERED_FIRST = LISTS + b"0123456789 \n"
NUMBERED = re.compile(rb"[\[({\s]{0,4}(?:[0-9]{1,3}\s{0,4},\s{0,4}){3}[0-9]")
TEXT = bytes(set(range(0x20, 0x7F)) | set(b"\t\n\r\f"))
WORDED = TEXT + bytes(range(0x80, 0x100))  # what text in any language is made of

MASKED = frozenset(
    {0x17, 0x3A, 0x82, 0x83, 0x84, 0x85, 0x04, 0x14, 0x02}
)  # `PAIRS` of `encodings`, which is not loaded for each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.parsers.pickle import encoded
    from modelaudit.parsers.pickle.state import State
    from modelaudit.parsers.reader import Reader


class _Magics:
    """The table of first bytes, and by first byte from which size on a short text is looked at."""

    __slots__ = ("firsts", "openings", "pairs", "raw", "rows", "seconds", "texts")

    def __init__(self) -> None:
        with open(os.path.join(os.path.dirname(__file__), "magics.json"), encoding="utf-8") as file:
            table = json.load(file)
        rows = table["magics"]
        self.pairs = frozenset(table["pairs"].encode().split(b" "))
        self.openings = self.pairs.union(table["openings"].encode().split(b" "))  # and those of code
        self.rows: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            firsts = range(256) if row["magic"].startswith(".") else [int(row["magic"][:2], 16)]
            for first in firsts:
                self.rows.setdefault(first, []).append(row)
        coded = [bool(re.match(rb"[A-Za-z0-9+/]", bytes([first]))) for first in range(256)]
        spelled = coded.copy()
        for pair in self.openings:
            spelled[pair[0]] = True
        for first in LISTS:
            spelled[first] = True
        self.raw = bytes(first in (0xC2, 0xC3) or self._named(first) for first in range(256))
        self.texts = bytes(
            LITERAL_MIN if raw else ENCODED_MIN if code else 255 for raw, code in zip(self.raw, spelled, strict=True)
        )

        self.firsts = known = frozenset(
            first for first, found in self.rows.items() if any(row["magic"][0] != "." for row in found)
        )
        self.seconds = _seconds({*known} | set(STARTS) | {first for first in range(256) if coded[first]})

    def _named(self, first: int) -> bool:
        return first < 128 and any(not row["magic"].startswith(".") for row in self.rows[first])


def _seconds(firsts: set[int]) -> list[bytes]:
    """For each character the ones that follow it in base64 and hexadecimal of data that begin with one of the bytes."""
    found = [b""] * 256
    for first in firsts:
        for alphabet in (ALPHABET, ALPHABET.translate(URL)):
            start = (first & 3) << 4
            found[alphabet[first >> 2]] += alphabet[start : start + 16]
        for form in (b"%02x", b"%02X"):
            lead, second = form % first
            found[lead] += bytes([second])
    return found


@cache  # made when bytes that begin so are met: a small pickle needs none
def _pattern(magic: str) -> re.Pattern[bytes]:
    pairs = [magic[i : i + 2] for i in range(0, len(magic), 2)]
    return re.compile(b"".join(b"." if pair == ".." else re.escape(bytes.fromhex(pair)) for pair in pairs), re.DOTALL)


_magics: list[_Magics] = []


def magics() -> _Magics:
    """The table, read on first use."""
    if not _magics:
        _magics.append(_Magics())
    return _magics[0]


def inspect(
    m: State, data: bytes, size: int, start: int, offset: int, *, codec: str | None = None, sought: bool | None = None
) -> str | None:
    """Look at a constant: `data` are its first bytes, `start` where it stands in the file, negative if it does not so.

    `codec` says how the bytes stand for text, None that they do not; `sought` whether patterns may find something in
    a text, where that is known. Returns the kind of file as which the constant's bytes are read, if they are.
    """
    if m.strict:
        return None
    worded = codec is not None or (ENCODED_MIN <= size <= TEXT_MAX and not data[:SHORT].translate(None, TEXT))
    told = worded and (m.texts or (_is_sought(m, data, size, start) if sought is None else sought))
    if told and size <= KEY_MAX and len(m.secret_keys) < NAMED_MAX:
        m.secret_keys.add(decode(data)[0])
    if size < LITERAL_MIN or len(data) < LITERAL_MIN:
        return None
    if told:
        _text(m, data, size, offset)
    raw, whole = _bytes_of(m, data, size, start, codec)
    kind, read = _raw(m, raw, whole, offset) if whole is not None else ("", False)
    if kind in COMPRESSED and whole is not None:
        _encoded(m, raw, whole.size, lambda most: whole.read_at(0, most), offset)
    elif not read and not (_may_be_encoded(data) and _encoded(m, data, size, _reading(m, data, size, start), offset)):
        if codec is None:
            _hidden(m, data, size, start, offset)
        if size == len(data) and TURNED.fullmatch(data):
            _turned(m, data, offset)
        if worded and _may_be_written_out(m, data, told):
            _written_out(m, _reading(m, data, size, start)(TEXT_MAX), offset)
    return kind if read and m.tape.__class__ is not FileTape else None


def _may_be_encoded(data: bytes) -> bool:
    """Whether a text begins as a file in base64, hexadecimal or base85 does."""
    table = magics()
    if data[1] in table.seconds[data[0]] and ENCODED.match(data) and _comes_to_something(data[:LEAD]):
        return True
    return data[:2] in table.openings and ENCODED_85.match(data) is not None


def _comes_to_something(data: bytes) -> bool:
    """Whether so many characters of hexadecimal or base64 may begin a file, text, or bytes that are masked."""
    try:
        head = unhexlify(data)
    except Error:
        try:
            head = a2b_base64(data.translate(PLUS))
        except Error:
            return True  # what is filled up within: the whole decides
    if not head.translate(None, WORDED) or (head[0] in magics().firsts and glance(head)):
        return True
    return head[0] ^ head[1] in MASKED or head[:2] in MARKS or any(head[:16:2]) != any(head[1:16:2])


def _may_be_written_out(m: State, data: bytes, told: bool) -> bool:
    """Whether a text may hold numbers of characters, or words that are turned around."""
    if data[0] in NUMBERED_FIRST and NUMBERED.match(data):
        return True
    return told and (not m.texts or _telling().search(data) is not None)


@cache
def _telling() -> re.Pattern[bytes]:
    from modelaudit.parsers.wordings import words

    return re.compile("|".join(map(re.escape, words())).encode(), re.IGNORECASE)


def _written_out(m: State, data: bytes, offset: int) -> None:
    """Look for files, code and addresses that a text writes in numbers, or turned around."""
    from modelaudit.parsers.encodings import written_out

    for _, inner in written_out(decode(data)[0]):
        _inner(m, inner, offset)


def numbers(m: State, data: bytes, offset: int) -> None:
    """Look at the bytes that a list of numbers stands for."""
    if m.strict:
        return
    from modelaudit.parsers.encodings import in_numbers, may_act

    if not glance(data) and not may_act(data):
        return
    if m.listed >= LISTED_MAX:
        m.limit("literals", m.listed + 1, LISTED_MAX)
        return
    m.listed += 1
    _inner(m, in_numbers(data), offset)


def _hidden(m: State, data: bytes, size: int, start: int, offset: int) -> None:
    """Look for a file or code in bytes that are masked, and for code that is UTF-16."""
    if data[0] ^ data[1] in MASKED:
        _masked(m, data, size, start, offset)
    wide = (not data[1] and data[1:16:2] in ZEROS) or (not data[0] and data[:16:2] in ZEROS) or data[:2] in MARKS
    if wide and ENCODED_MIN <= size <= TEXT_MAX:
        from modelaudit.parsers.encodings import wide_code

        _inner(m, wide_code(_reading(m, data, size, start)(TEXT_MAX)), offset)


def _turned(m: State, data: bytes, offset: int) -> None:
    """Look for what is encoded in a text that is written backwards, or turned by rot13."""
    seconds = magics().seconds
    if data[-2] in seconds[data[-1]] and _promises(data[: -LEAD - 1 : -1]):
        _encoded_in(m, data[::-1], offset, "reversed")
    if ROT13[data[1]] in seconds[ROT13[data[0]]] and _promises(data[:LEAD].translate(ROT13)):
        _encoded_in(m, data.translate(ROT13), offset, "rot13")


def _promises(data: bytes) -> bool:
    """Whether text or a file begins in so many characters of base64 or hexadecimal: in what is random none does."""
    for decoder in (a2b_base64, unhexlify):
        try:
            head = decoder(data)
        except Error:
            continue
        if not head.translate(None, TEXT) or (head[0] in magics().firsts and glance(head)):
            return True
    return False


def _encoded_in(m: State, data: bytes, offset: int, how: str) -> None:
    from modelaudit.parsers.encodings import hidden_code
    from modelaudit.parsers.pickle import encoded

    inner = encoded.payload(data, lambda: data, sniff, glance) or hidden_code(data, lambda most: data[:most])
    if inner is not None and not inner.too_deep:
        _inner(m, inner, offset, how)


def _masked(m: State, data: bytes, size: int, start: int, offset: int) -> None:
    """Look for a file each of whose bytes is masked with the same one."""
    from modelaudit.parsers.encodings import MASKED_MAX, PYTHON, masked, may_be_masked

    if not may_be_masked(data[:4]):
        return
    whole = m.tape.reader.read_at(start, min(size, MASKED_MAX)) if start >= 0 and size > len(data) else data
    found = masked(whole)
    if found is not None:
        kind, _, plain = found
        _tell(m, (kind, True, kind in ("pickle", PYTHON)), BytesReader(plain), offset, "xor")


def _bytes_of(m: State, data: bytes, size: int, start: int, codec: str | None) -> tuple[bytes, Reader | None]:
    """The first bytes of what a constant stands for, and all of them; None when no file begins so."""
    more = start >= 0 and size > len(data)
    if codec is None or codec == latin.PLAIN:
        return data, SliceReader(m.tape.reader, start, size) if more else BytesReader(data)
    if codec == latin.UTF8 and not magics().raw[data[0]]:
        return data, None
    raw = latin.latin(data[: latin.cut(data, codec)] if more else data, codec)
    if not raw or len(raw) < LITERAL_MIN or not glance(raw):
        return data, None
    return raw, latin.reader(m.tape.reader, start, size, codec) if more else BytesReader(raw)


def _raw(m: State, raw: bytes, whole: Reader, offset: int) -> tuple[str, bool]:
    """What kind of file the bytes are as they stand, which is then told, and whether it is read; empty for none."""
    found = sniff(raw, whole)
    if found is None:
        return "", False
    return found[0], _tell(m, found, whole, offset, "raw")


def _reading(m: State, data: bytes, size: int, start: int) -> Callable[[int], bytes]:
    """What reads a constant's bytes from their beginning, as the file has them."""
    if start < 0 or size <= len(data):
        return lambda most: data[:most]
    return lambda most: m.tape.reader.read_at(start, min(size, most)) or data


def _encoded(m: State, data: bytes, size: int, read: Callable[[int], bytes], offset: int) -> bool:
    """Look for a file in layers of encodings; whether there is one."""
    from modelaudit.parsers.pickle import encoded

    more = size > encoded.WHOLE
    inner = encoded.payload(data, lambda: read(encoded.WHOLE), sniff, glance, cut=more)
    if inner is not None:
        _inner(m, inner, offset)
        if more and inner.found[2]:  # nothing else would be read behind its beginning
            m.limit("decoded", size, encoded.WHOLE)
        return True
    from modelaudit.parsers.encodings import hidden_code

    inner = hidden_code(data, read)
    _inner(m, inner, offset)
    return inner is not None


def made(m: State, data: bytes, how: str, offset: int) -> None:
    """Look at bytes that a call of the stream has made of others."""
    if len(data) < LITERAL_MIN or m.strict:
        return
    from modelaudit.parsers.pickle import encoded

    found = sniff(data, BytesReader(data))
    if found is not None and found[0] not in COMPRESSED:
        if _tell(m, found, BytesReader(data), offset, how):
            m.note_file(data, found[0])
    else:
        _inner(m, encoded.payload(data, lambda: data, sniff, glance), offset, how)


def _inner(m: State, inner: encoded.Payload | None, offset: int, how: str = "") -> None:
    if inner is None:
        return
    from modelaudit.parsers.pickle import encoded

    if inner is encoded.TOO_DEEP:
        m.limit("depth", encoded.LAYERS + 1, encoded.LAYERS)
        return
    m.recoded += len(inner.data)
    if (inner.cut and inner.found[2]) or m.recoded > encoded.SPENT:
        m.limit("decoded", m.recoded, encoded.SPENT)
    if m.recoded <= encoded.SPENT:
        methods = [how, *inner.methods] if how else inner.methods
        _tell(m, inner.found, BytesReader(inner.data), offset, "+".join(methods))


def _text(m: State, data: bytes, size: int, offset: int) -> None:
    value, lossy = decode(data[: 4 * TEXT_MAX])
    cut = size > len(data) or len(value) > TEXT_MAX
    text = Text(
        m.path,
        value=value[:TEXT_MAX],
        role="literal",
        places=(Place(offset=offset),),
        cut=frozenset(["value"] if cut else ()),
        lossy=lossy,
    )
    m.out.append(text if m.texts else Searched(text))


def entry(path: str, key: str, value: str, offset: int) -> Searched:
    """The value of an entry for the patterns that go by its key, as that of metadata."""
    cut = frozenset(["value"] if len(value) > TEXT_MAX else ())
    return Searched(
        Text(path, value=value[:TEXT_MAX], role="metadata", owner=key, places=(Place(offset=offset),), cut=cut)
    )


def _is_sought(m: State, data: bytes, size: int, start: int) -> bool:
    """Whether a text has a word in it that patterns look for; the buffer has been searched for them as a whole."""
    if m.sought is None:
        return False
    pos = start - m.tape.base
    if pos >= 0 and start >= 0 and pos + size <= m.tape.end:
        return m.keyword(pos, pos + size) < pos + size
    return m.sought.find(data) >= 0


def sniff(data: bytes, whole: Reader) -> tuple[str, bool, bool] | None:
    """Kind of file that begins with the data, whether more than its first bytes was checked, whether to read it."""
    for row in magics().rows.get(data[0], ()):
        if _pattern(row["magic"]).match(data):
            check = row.get("check")
            if check is None or (_pickle(data, whole, check) if check in PICKLE_CHECKS else CHECKS[check](data)):
                return row["kind"], check is not None and _holds(check, whole), bool(row.get("nested"))
    return None


def _holds(check: str, whole: Reader) -> bool:
    """Whether a program is whole, and not a header alone; what is no program has been checked."""
    if check not in PROGRAMS:
        return True
    from modelaudit.parsers.executables import structure

    at = int.from_bytes(whole.read_at(60, 4), "little") if check == "pe" else 0
    found = structure(check, whole, at) or (structure("java", whole, 0) if check == "fat" else None)
    return found is not None and not found.start


def glance(data: bytes) -> frozenset[str]:
    """Kinds of files that may begin with the data, unchecked."""
    return frozenset([row["kind"] for row in magics().rows.get(data[0], ()) if _pattern(row["magic"]).match(data)])


def _tell(m: State, found: tuple[str, bool, bool], reader: Reader, offset: int, method: str) -> bool:
    """The fact of a file in a constant, and the file as an artifact of its own where it can be read: then True."""
    from hashlib import sha256

    kind, validated, nested = found
    size = reader.size
    if kind == WORDS:
        value = decode(reader.read_at(0, TEXT_MAX))[0]
        m.out.append(Searched(Text(m.path, value=value, role="decoded", owner=method, places=(Place(offset=offset),))))
        return False
    digest = sha256(reader.read_at(0, size)).hexdigest() if size <= HASHED else None
    m.out.append(
        Blob(
            m.path,
            kind=kind,
            region="literal",
            method=method,
            size=size,
            validated=validated,
            sha256=digest,
            places=(Place(offset=offset),),
            unknown=frozenset() if digest else frozenset(["sha256"]),
        )
    )
    depth = m.context.budget("literal_depth")
    if nested and m.path.count("!literal@") >= depth:
        m.limit("depth", depth + 1, depth)
        return False
    if nested and m.inside >= INSIDE_MAX:
        m.limit("literals", m.inside + 1, INSIDE_MAX)
        return False
    if nested:
        m.inside += 1
        m.out.append(Nested(f"literal@0x{offset:x}", reader, role="member"))
    return nested


WORDS = "text"  # kind of what the patterns judge
LISTED_MAX = 10_000  # lists of numbers that are looked at as text
INSIDE_MAX = 4096  # files in constants of one stream that are read as artifacts of their own
SHORT = 64  # bytes of a constant by which it is seen whether it is text
PROGRAMS = frozenset(["pe", "elf", "macho", "fat"])
PICKLE_CHECKS = frozenset(["pickle", "lines"])


def _pickle(data: bytes, whole: Reader, check: str) -> bool:
    from modelaudit.parsers.pickle.search import is_stream, reaches

    lines = check == "pickle" or b"\n" in data[:4096]
    return lines and is_stream(whole) and reaches(whole)


def _zip(data: bytes) -> bool:
    return len(data) >= 30 and data[6:8] < b"\xff\xff" and int.from_bytes(data[8:10], "little") < 100


def _pe(data: bytes) -> bool:
    if len(data) < 64:
        return False
    header = int.from_bytes(data[60:64], "little")
    return data[header : header + 4] == b"PE\0\0"


def _elf(data: bytes) -> bool:
    return len(data) >= 20 and data[4] in (1, 2) and data[5] in (1, 2) and data[6] == 1


def _macho(data: bytes) -> bool:
    order = "little" if data[3] in (0xFE, 0xFF) and data[0] in (0xCE, 0xCF) else "big"
    kind = int.from_bytes(data[12:16], order)  # type: ignore[arg-type]
    return len(data) >= 28 and 1 <= kind <= 12


def _fat(data: bytes) -> bool:
    return len(data) >= 28 and 1 <= int.from_bytes(data[4:8], "big") <= 30


def _gzip(data: bytes) -> bool:
    return len(data) >= 18 and data[3] & 0xE0 == 0


def _bzip2(data: bytes) -> bool:
    return data[3:4].isdigit() and data[4:10] == b"1AY&SY"


def _lzma(data: bytes) -> bool:
    import lzma

    try:
        return bool(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 26).decompress(data, 64))
    except lzma.LZMAError:
        return False


def _zlib(data: bytes) -> bool:
    import zlib

    try:
        return bool(zlib.decompressobj().decompress(data, 64))
    except zlib.error:
        return False


def _marshal(data: bytes) -> bool:
    return len(data) >= 24 and data[5:20].count(0) >= 8


def _pyc(data: bytes) -> bool:
    return len(data) >= 20 and data[4:8] in (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0") and data[16:17] in (b"\xe3", b"c")


CHECKS: dict[str, Callable[[bytes], bool]] = {
    "zip": _zip,
    "pe": _pe,
    "elf": _elf,
    "macho": _macho,
    "fat": _fat,
    "gzip": _gzip,
    "bzip2": _bzip2,
    "zlib": _zlib,
    "lzma": _lzma,
    "marshal": _marshal,
    "pyc": _pyc,
}
