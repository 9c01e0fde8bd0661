"""What a text stands for: base64, members of JSON, DER (X.690), the account in an AWS key id.

Every function is total: what cannot be decoded is absent.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_IGNORED = re.compile(r"\s|\\[nr]")  # line ends may be escaped, as in JSON
_URL = str.maketrans("-_", "+/")
_DEEPEST = 64  # brackets in brackets of JSON that is read
_ACCOUNT = 10**12  # AWS accounts have twelve digits
_BASE32 = re.compile(r"A[A-Z0-9]{3}[A-Z2-7]{16}\Z")


def base64(text: str) -> bytes | None:
    """The bytes that a text is base64 of, with either alphabet, with or without padding."""
    plain = _IGNORED.sub("", text).translate(_URL).rstrip("=")
    if not plain or len(plain) % 4 == 1:
        return None
    try:
        return a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
    except (Error, ValueError):
        return None


def base64_text(text: str) -> str | None:
    """The text that a text is base64 of: UTF-8 without control characters other than white space."""
    data = base64(text)
    if data is None:
        return None
    try:
        found = data.decode()
    except UnicodeDecodeError:
        return None
    return found if all(char.isprintable() or char.isspace() for char in found) else None


def _member(text: str, key: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    import json

    if text.count("{") + text.count("[") > _DEEPEST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found.get(key) if isinstance(found, dict) else None


def json_text(text: str, key: str) -> str | None:
    """The text under a key of a JSON object."""
    found = _member(text, key)
    return found if isinstance(found, str) else None


def json_number(text: str, key: str) -> float | None:
    """The number under a key of a JSON object."""
    found = _member(text, key)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    try:
        return float(found)
    except OverflowError:
        return None


def is_der(data: bytes) -> bool:
    """Whether bytes are one SEQUENCE of DER whose length is that of the bytes, and whose first element fits in it."""
    inside = _contents(data, 0, len(data))
    if data[:1] != b"\x30" or inside is None or inside[1] != len(data):
        return False
    return _contents(data, *inside) is not None


def _contents(data: bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Where the contents of the element at an offset begin and end; None when it goes beyond the bytes."""
    if stop - start < 2:
        return None
    first, at = data[start + 1], start + 2
    if first < 0x80:
        size = first
    else:
        count = first & 0x7F
        size = int.from_bytes(data[at : at + count], "big")
        at += count
        if not 1 <= count <= 4 or size < 0x80:
            return None
    return (at, at + size) if at + size <= stop else None


def aws_account(key_id: str) -> str | None:
    """The account in an AWS key id: 40 bits of the base32 behind its first four letters, where they are a number
    of twelve digits. Observed, not specified: https://awsteele.com/blog/2020/09/26/aws-access-key-format.html
    """
    from base64 import b32decode

    if not _BASE32.match(key_id):
        return None
    number = (int.from_bytes(b32decode(key_id[4:])[:6], "big") & 0x7FFF_FFFF_FF80) >> 7
    return f"{number:012d}" if number < _ACCOUNT else None
