"""Bytes as texts write them: what a run of characters stands for.

Base64; hexadecimal, also with separators (`\\x4d\\x5a`, `0x4d, 0x5a`, `4d 5a`); numbers of characters (`77, 90`,
`chr(77)+chr(90)`); base85 as `base64.b85encode` and Adobe write it; base64 that is turned by rot13 or backwards, and
code and addresses that are turned in these two ways. Short runs of base64 and hexadecimal count when they begin as
commands do.
"""

from __future__ import annotations

import base64
import re
from binascii import Error, a2b_base64, unhexlify
from codecs import decode
from functools import cache

from modelaudit.engine.facts.sieve import Sieve
from modelaudit.parsers.wordings import beginnings, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Decode = Callable[[str], bytes]

SHORTEST = 40  # characters of a run of letters and digits
LOOK = 240  # characters of which the beginning is decoded first: whole groups of every code
LINE = 4096  # characters of a line of code that is turned back
HEX = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?=\\x))"
    r"(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[ \t\r\n,:;-]{0,4}){19,}(?:\\x|0x|%)?[0-9a-fA-F]{2}"
)
HEX_SIGNS = bytes(sign in b"0123456789abcdefABCDEF\\x%, \t\r\n:;-" for sign in range(256))
DENSE = bytes(sign not in b"\t\n\v\f\r\x1c\x1d\x1e\x1f " for sign in range(256))  # all but what parts words
RUN_OF_ANY = b"\1" * SHORTEST
PAIR = re.compile(r"(?:\\x|0x|%)?([0-9a-fA-F]{2})[ \t\r\n,:;-]{0,4}")
NUMBERS_MIN = 23  # commas between numbers
NUMBERS = re.compile(r"(?:\b[0-9]{1,3}\s*,\s*){23,}[0-9]{1,3}\b")
CHARACTERS = re.compile(r"(?:\bchr\w?\(\s*[0-9]{1,3}\s*\)[\s+,.&]{0,4}){16,}", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]{1,3}")
RUN = re.compile(
    r"(?<![A-Za-z0-9+/_-])={0,2}[A-Za-z0-9+/_-]{40,}={0,2}(?:\r?\n[A-Za-z0-9+/_-]{2,}={0,2}(?=[\r\n'\"]|$))*"
)
BASE85 = re.compile(r"(?<![!#-&(-\[\]-~])[!#-&(-\[\]-~]{50,}(?:\r?\n[!#-&(-\[\]-~]{5,})*")
ADOBE = re.compile(r"<~[!-u\sz]{20,}~>")
DIGITS = "0123456789"
SPACE = re.compile(r"\s+")
URL = str.maketrans("-_", "+/")
QUOTES = ("", "\"'`\n", '"\n', "'\n", "\n")  # what ends a text that is turned: nothing, or one of these
ESCAPED = re.compile(r"""\\([\\"'/n])""")
SHORT = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{8,39}={0,2}(?![A-Za-z0-9+/_=-])")
SHORT_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){6,19}(?![0-9A-Za-z])")
PICKLES = tuple(bytes([128, protocol, first]) for protocol in range(2, 6) for first in b"(c\x8c")  # by their first bits
LEAD = 4  # bytes of a beginning by which it is looked for
SHORT_MAX = 1000  # runs of one beginning in one text


class Spelled:
    """A run that may stand for bytes: where it begins, the code, and what decodes so many of its characters."""

    __slots__ = ("_decode", "_text", "at", "method")

    def __init__(self, at: int, method: str, text: str, decode: Decode) -> None:
        self.at = at
        self.method = method
        self._text = text
        self._decode = decode

    def head(self) -> bytes:
        """The first bytes; empty when the run is none of this code."""
        return self._decode(self._text[:LOOK])

    def whole(self) -> bytes:
        """All bytes; empty when the run is none of this code."""
        return self._decode(self._text)


def spelled(text: str) -> Iterator[Spelled]:
    """The runs of a text that may stand for bytes, in each code that their characters allow."""
    signs = text.encode("utf-8", "replace")
    for run in HEX.finditer(text) if _stands_in(signs, HEX_SIGNS) else ():
        yield Spelled(run.start(), "hex", run[0], _hex)
    yield from numbers(text)
    if _stands_in(signs, DENSE):
        yield from _dense(text)
    for run in ADOBE.finditer(text) if "<~" in text else ():
        yield Spelled(run.start(), "ascii85", ESCAPED.sub(_unescaped, run[0][2:-2]), _ascii85)


def standing(text: str) -> list[str]:
    """Words in a text of which one stands wherever `short` or `turned` finds something."""
    return _sought().occurring(text)


def short(text: str, words: Iterable[str]) -> Iterator[Spelled]:
    """The runs of base64 and hexadecimal, shorter than the others, that begin as a command, code or an address does."""
    coded = _coded()
    for word in words:
        if word not in coded:
            continue
        pattern, method, back = coded[word]
        at = text.find(word)
        for _ in range(SHORT_MAX):
            run = pattern.match(text, at) if at >= 0 else None
            if run is not None:
                yield Spelled(at, method, run[0], back)
            at = text.find(word, at + 1) if at >= 0 else at


def numbers(text: str) -> Iterator[Spelled]:
    """The runs of numbers of characters alone."""
    for pattern in _numeric(text):
        for run in pattern.finditer(text):
            yield Spelled(run.start(), "characters", run[0], _numbers)


def _stands_in(text: bytes, signs: bytes) -> bool:
    """Whether so many of some signs stand together as the shortest run has: faster seen than looked for."""
    return RUN_OF_ANY in text.translate(signs)


def _numeric(text: str) -> Iterator[re.Pattern[str]]:
    """The patterns for numbers of characters that a text may match."""
    if text.count(",") >= NUMBERS_MIN:
        yield NUMBERS
    if "chr" in text.lower():
        yield CHARACTERS


def _dense(text: str) -> Iterator[Spelled]:
    """The runs without a blank in them."""
    for run in RUN.finditer(text):
        yield Spelled(run.start(), "base64", run[0], _base64)
        yield Spelled(run.start(), "rot13+base64", run[0], _turned)
        yield Spelled(run.start(), "reversed+base64", run[0][::-1], _base64)
        yield Spelled(run.start(), "reversed+hex", run[0][::-1], _hex)
    for run in BASE85.finditer(text):
        yield Spelled(run.start(), "base85", run[0], _base85)
        yield Spelled(run.start(), "ascii85", run[0], _ascii85)


def turned(text: str) -> Iterator[tuple[int, str, bytes]]:
    """What may be code once it is turned back: where, how, and the text, in the quotes around it or as a whole line."""
    if not _telling().occurring(text):
        return
    for method, back in (("rot13", lambda line: decode(line, "rot13")), ("reversed", lambda line: line[::-1])):
        for at in _words(text, method):
            for marks in QUOTES:
                begin, end = _between(text, at, at + 1, marks)
                line = ESCAPED.sub(_unescaped, text[begin:end])
                yield begin, method, back(line).encode("utf-8", "replace")


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]


def _between(text: str, start: int, stop: int, marks: str) -> tuple[int, int]:
    """Where the text around a word begins and ends that has none of the marks in it, unless they are escaped."""
    begin = max((_mark_before(text, mark, start) for mark in marks), default=-1) + 1
    ends = [_mark_behind(text, mark, stop) for mark in marks]
    return max(begin, start - LINE), min((end for end in ends if end >= 0), default=min(len(text), stop + LINE))


def _mark_before(text: str, mark: str, start: int) -> int:
    at = text.rfind(mark, max(0, start - LINE), start)
    while at > 0 and text[at - 1] == "\\":
        at = text.rfind(mark, max(0, start - LINE), at)
    return at


def _mark_behind(text: str, mark: str, stop: int) -> int:
    at = text.find(mark, stop, stop + LINE)
    while at > 0 and text[at - 1] == "\\":
        at = text.find(mark, at + 1, stop + LINE)
    return at


def _words(text: str, method: str) -> Iterator[int]:
    """Where words stand that are telling when they are turned back, one for each line's length."""
    for word in table()[method]:
        at = text.find(word)
        while at >= 0:
            yield at
            at = text.find(word, at + LINE)


@cache
def _telling() -> Sieve:
    return Sieve([*table()["rot13"], *table()["reversed"]])


@cache
def _sought() -> Sieve:
    return Sieve([*_coded(), *table()["rot13"], *table()["reversed"]])


@cache
def _coded() -> dict[str, tuple[re.Pattern[str], str, Decode]]:
    """How beginnings are written in base64 and in hexadecimal, as far as what follows them does not matter."""
    coded: dict[str, tuple[re.Pattern[str], str, Decode]] = {}
    calls = (word.encode() for word in table()["pickles"])
    leads = {word[:LEAD] for word in (*beginnings(), *calls)}
    for lead in leads | set(PICKLES):
        size = 3 if lead in PICKLES else len(lead) * 8 // 6
        coded[base64.b64encode(lead).decode()[:size]] = SHORT, "base64", _exactly
    for lead in leads | {word[:2] for word in PICKLES}:
        coded[lead.hex()] = coded[lead.hex().upper()] = SHORT_HEX, "hex", _hex
    return coded


def _hex(text: str) -> bytes:
    return unhexlify("".join(PAIR.findall(text)))


def _numbers(text: str) -> bytes:
    values = [int(number) for number in NUMBER.findall(text)]
    values = values[:-1] if len(text) == LOOK and text[-1] in DIGITS else values  # it may be cut
    return bytes(values) if max(values, default=256) < 256 else b""


def _base64(text: str) -> bytes:
    text = SPACE.sub("", text).translate(URL).rstrip("=")
    text = text[: len(text) // 4 * 4] if len(text) % 4 == 1 else text
    try:
        return a2b_base64(text + "=" * (-len(text) % 4))
    except Error:
        return b""


def _exactly(text: str) -> bytes:
    """What base64 stands for that is written as an encoder does."""
    data = _base64(text)
    return data if base64.b64encode(data).rstrip(b"=") == text.translate(URL).rstrip("=").encode() else b""


def _turned(text: str) -> bytes:
    return _base64(decode(text, "rot13"))


def _base85(text: str) -> bytes:
    try:
        return base64.b85decode(SPACE.sub("", text))
    except ValueError:
        return b""


def _ascii85(text: str) -> bytes:
    try:
        return base64.a85decode(SPACE.sub("", text))
    except ValueError:
        return b""
