"""Texts that look alike or differ only in case, made equal."""

from __future__ import annotations

import functools
import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def fold(text: str) -> str:
    """The text in NFKC, without differences of case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def skeleton(text: str) -> str:
    """What the text looks like: the skeleton of UTS 39, which is equal for texts that can be confused."""
    if text.isascii():  # has nothing to decompose and nothing that is not seen
        return unicodedata.normalize("NFD", text.translate(_of_ascii()))
    table = _confusables()
    decomposed = unicodedata.normalize("NFD", text)
    visible = [table.get(c, c) for c in decomposed if not _ignorable(c)]
    return unicodedata.normalize("NFD", "".join(visible))


@functools.lru_cache(maxsize=1)
def _of_ascii() -> Mapping[int, str]:
    return {ord(char): prototype for char, prototype in _table("confusables-ascii.json").items()}


def _ignorable(char: str) -> bool:
    """Characters that show nothing, such as joiners, variation selectors and bidirectional controls."""
    return char > "\x7f" and (
        unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    )


@functools.lru_cache(maxsize=1)
def _confusables() -> Mapping[str, str]:
    return {char: prototype for prototype, chars in _table("confusables.json").items() for char in chars}


def _table(name: str) -> Mapping[str, str]:
    import json
    import os

    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as stream:
        table: dict[str, str] = json.load(stream)["map"]
    return table
