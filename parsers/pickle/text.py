"""Text arguments of the old opcodes: numbers, quoted strings, escapes."""

from __future__ import annotations

import re

DIGITS_MAX = 4300  # CPython refuses to read longer decimal numbers

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|(.)|\Z)", re.DOTALL)
_SIMPLE = {
    b"\n": b"",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}


def integer(line: bytes) -> int | None:
    """The number of an INT or LONG line: base 0 with C's octal `010`; None when no reader accepts it."""
    text = line.decode("latin-1").strip(" \t\n\r\f\v\0")
    if len(text) > DIGITS_MAX or not text:
        return None
    try:
        return int(text, 0)
    except ValueError:
        pass
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    if digits.isdecimal() and digits.isascii() and digits[0] == "0" and not set(digits) & {"8", "9"}:
        return sign * int(digits, 8)
    return None


def is_octal(line: bytes) -> bool:
    """Whether a number has a leading zero as in C, which Python refuses."""
    digits = line.strip().lstrip(b"+-")
    return digits[:1] == b"0" and digits.strip(b"0").isdigit()


def index(line: bytes) -> int | None:
    """The key of a PUT or GET line: decimal, with spaces and underscores as `int` takes them."""
    if len(line) > DIGITS_MAX:
        return None
    try:
        return int(line)
    except ValueError:
        return None


def real(line: bytes) -> float | None:
    """The number of a FLOAT line."""
    try:
        return float(line)
    except ValueError:
        return None


def quoted(line: bytes) -> bytes | None:
    """The bytes of a STRING line without quotes and escapes; None when no reader accepts it."""
    line = line.strip(b" \t\r\f\v")
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        return None
    return unescaped(line[1:-1])


def unescaped(data: bytes) -> bytes:
    """What `codecs.escape_decode` makes of the bytes, unknown escapes kept."""
    return _ESCAPE.sub(_replace, data) if b"\\" in data else data


def _replace(match: re.Match[bytes]) -> bytes:
    octal, digits, char = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if digits:
        return bytes([int(digits, 16)])
    return _SIMPLE.get(char, b"\\" + char) if char is not None else b"\\"
