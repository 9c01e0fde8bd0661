"""The JSON header as a stream of entries, so that what stands before an error is not lost.

Layout: https://github.com/huggingface/safetensors#format (u64 length, little-endian; JSON object; bytes).
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from modelaudit.parsers.reader import Reader

    Json: TypeAlias = str | int | float | bool | list["Json"] | "Members" | None
    Pairs: TypeAlias = list[tuple[str, Json]]
    Read: TypeAlias = Callable[[str, int], tuple[Any, int]]

SPACE = " \t\r\n"
INT_DIGITS = 20  # of an unsigned 64-bit integer; a longer number is no size
TOO_LONG = -1


class HeaderError(ValueError):
    """The header is no JSON object; the words say why."""


class Members:
    """A JSON object as the pairs that were written, repeated keys included."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def repeated(self) -> list[str]:
        """Keys that are written more than once."""
        seen: set[str] = set()
        return [key for key, _ in self.pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


def data_start(reader: Reader) -> int:
    """Where the data of a file start, behind the header, by the length in front of that."""
    return 8 + int.from_bytes(reader.read_at(0, 8), "little")


def entries_of(reader: Reader, most: int) -> Iterator[tuple[str, Json]]:
    """Name and value of each entry in a file's header, of which `most` bytes are read. Raises `HeaderError`."""
    length = min(data_start(reader) - 8, most)
    return entries(reader.read_at(8, length).decode("utf-8", "replace"))


def objects_of(reader: Reader, most: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and members of each object in a file's header, as many as there are before it ends or is wrong."""
    try:
        for name, about in entries_of(reader, most):
            if isinstance(about, Members):
                yield name, dict(about.pairs)
    except HeaderError:
        return


def entries(text: str) -> Iterator[tuple[str, Json]]:
    """Name and value of each entry of the object in `text`, in order. Raises `HeaderError` where the JSON ends."""
    read = (DECODER if LONG.search(text) else PLAIN).raw_decode
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise HeaderError("no JSON object")
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        _end(text, at + 1)
        return
    while True:
        name, value, at = _entry(text, at, read)
        yield name, value
        sign = text[at : at + 1]
        if sign == "}":
            _end(text, at + 1)
            return
        if sign != ",":
            raise HeaderError(f"comma or brace missing at character {at}")
        at = _skip(text, at + 1)


def _entry(text: str, at: int, read: Read) -> tuple[str, Json, int]:
    """One entry that starts at `at`, and the place of what follows it."""
    if text[at : at + 1] != '"':
        raise HeaderError(f"name missing at character {at}")
    try:
        name, at = read(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise HeaderError(f"colon missing at character {at}")
        value, at = read(text, _skip(text, at + 1))
    except HeaderError:
        raise
    except RecursionError:
        raise HeaderError("nested too deep") from None
    except ValueError as error:
        raise HeaderError(str(error)) from None
    return name, value, _skip(text, at)


def _end(text: str, at: int) -> None:
    if text[at:].strip(SPACE):
        raise HeaderError(f"text after the object at character {_skip(text, at)}")


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= INT_DIGITS else TOO_LONG


def _constant(word: str) -> None:
    raise HeaderError(f"{word} is no JSON")


LONG = re.compile(f"[0-9]{{{INT_DIGITS + 1}}}")
PLAIN = json.JSONDecoder(object_pairs_hook=Members, parse_constant=_constant)  # for a header without a long number
DECODER = json.JSONDecoder(object_pairs_hook=Members, parse_int=_integer, parse_constant=_constant)
