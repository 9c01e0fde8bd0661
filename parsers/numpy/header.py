r"""The header of an array file: `\x93NUMPY`, a version, a length, and a literal of Python.

Layout: `numpy/lib/format.py` and https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Loaders
evaluate the literal with `ast.literal_eval`; the grammar here is what NumPy writes, and anything else is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

DEPTH = 32  # containers in containers
LENGTHS = {1: 2, 2: 4, 3: 4}  # bytes of the length, by major version
KNOWN_MAX = 1024  # bytes of a header that is remembered
KEYS = ("descr", "fortran_order", "shape")
WORDS = {"True": True, "False": False, "None": None}

_TOKEN = re.compile(
    r"[ \t\n\r]*(?:([{}()\[\],:])|(-?[0-9]{1,19})L?(?![\w.])|(True|False|None)\b|"
    r"('(?:[^'\\\n]|\\[^\n])*+'|\"(?:[^\"\\\n]|\\[^\n])*+\"))"
)
_CLOSE = {"(": ")", "[": "]", "{": "}"}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Literal = object


class BadHeader(Exception):  # noqa: N818 - turned into a defect
    """The header is not what NumPy writes: a defect's code and detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Header:
    """What a header says. `descr` is the element type as a literal, `text` the same as it is written."""

    __slots__ = ("descr", "fortran", "shape")

    def __init__(self, descr: Literal, fortran: bool, shape: tuple[int, ...]) -> None:
        self.descr = descr
        self.fortran = fortran
        self.shape = shape


def read_header(raw: bytes, major: int) -> Header:
    """The header from its literal's bytes; raises `BadHeader`."""
    return _known_header(raw, major) if len(raw) <= KNOWN_MAX else _header(raw, major)


@lru_cache(maxsize=256)
def _known_header(raw: bytes, major: int) -> Header:
    """The same for headers that archives of many arrays repeat."""
    return _header(raw, major)


def _header(raw: bytes, major: int) -> Header:
    try:
        text = raw.decode("utf-8" if major >= 3 else "latin-1")
    except UnicodeDecodeError:
        raise BadHeader("bad-header", "the header is not UTF-8") from None
    value = literal(text)
    if not isinstance(value, dict):
        raise BadHeader("bad-header", "the header is no dictionary")
    if sorted(value, key=str) != sorted(KEYS):
        raise BadHeader("bad-header", f"the header has the keys {', '.join(map(str, value))[:200]}")
    shape, fortran = value["shape"], value["fortran_order"]
    if not isinstance(fortran, bool):
        raise BadHeader("bad-header", "fortran_order is neither True nor False")
    if not isinstance(shape, tuple) or not all(type(x) is int and 0 <= x < 2**63 for x in shape):
        raise BadHeader("bad-shape", f"the shape is {str(shape)[:200]}")
    return Header(value["descr"], fortran, shape)


def literal(text: str) -> Literal:
    """The value of a literal; raises `BadHeader` for anything that NumPy does not write."""
    tokens = _Tokens(text)
    value = _value(tokens, 0)
    if text[tokens.at :].strip():
        raise BadHeader("bad-header", f"text after the header's literal, at character {tokens.at}")
    return value


class _Tokens:
    """The tokens of a text, taken one by one."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self) -> re.Match[str]:
        """The next token."""
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise BadHeader("bad-header", f"not a literal that NumPy writes, at character {self.at}")
        self.at = match.end()
        return match

    def took(self, mark: str) -> bool:
        """Whether the next token is this mark, which is then taken."""
        match = _TOKEN.match(self.text, self.at)
        if match is None or match[1] != mark:
            return False
        self.at = match.end()
        return True


def _value(tokens: _Tokens, depth: int) -> Literal:
    if depth > DEPTH:
        raise BadHeader("bad-header", f"more than {DEPTH} containers in one another")
    mark, number, word, text = tokens.take().groups()
    if number is not None:
        return int(number)
    if word is not None:
        return WORDS[word]
    if text is not None:
        return _string(text)
    if mark == "{":
        return _dict(tokens, depth)
    if mark in ("(", "["):
        return _sequence(tokens, mark, depth)
    raise BadHeader("bad-header", f"{mark} at character {tokens.at}")


def _string(token: str) -> str:
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    try:
        return inner.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        raise BadHeader("bad-header", "an escape that no text has") from None


def _items(tokens: _Tokens, close: str) -> Iterator[None]:
    """Steps to one item after the other, up to the closing mark."""
    while not tokens.took(close):
        yield None
        if not tokens.took(","):
            if not tokens.took(close):
                raise BadHeader("bad-header", f"a comma or {close} is missing at character {tokens.at}")
            return


def _sequence(tokens: _Tokens, mark: str, depth: int) -> Literal:
    close = _CLOSE[mark]
    begin = tokens.at
    found = [_value(tokens, depth + 1) for _ in _items(tokens, close)]
    if mark == "[":
        return found
    # A single value in parentheses is no tuple without its comma.
    plain = len(found) == 1 and not tokens.text[begin : tokens.at - 1].rstrip().endswith(",")
    return found[0] if plain else tuple(found)


def _dict(tokens: _Tokens, depth: int) -> Literal:
    found: dict[str, Literal] = {}
    for _ in _items(tokens, "}"):
        key = _value(tokens, depth + 1)
        if not isinstance(key, str) or not tokens.took(":"):
            raise BadHeader("bad-header", f"a dictionary's key at character {tokens.at}")
        if key in found:
            raise BadHeader("bad-header", f"the key {key[:100]} stands twice")
        found[key] = _value(tokens, depth + 1)
    return found
