"""Words by which hidden code and addresses are told before anything is decoded: `spellings.json`, read on first use."""

from __future__ import annotations

import json
import os
import re
from functools import cache

OPENING = 4  # bytes by which a beginning is told first


@cache
def table() -> dict[str, list[str]]:
    """The words, by what they are for."""
    with open(os.path.join(os.path.dirname(__file__), "spellings.json"), "rb") as file:
        found: dict[str, list[str]] = json.loads(file.read())
    del found["about"]  # for people
    return found


def words() -> list[str]:
    """Words of which one stands in every text that is told to be turned, or in characters that are called by number."""
    return [*table()["rot13"], *table()["reversed"], "chr("]


@cache
def beginnings() -> tuple[bytes, ...]:
    """How commands, code and addresses begin."""
    return tuple(word.encode() for word in table()["beginnings"])


@cache
def openings() -> frozenset[bytes]:
    """The first bytes of those that have so many."""
    return frozenset(word[:OPENING] for word in beginnings() if len(word) >= OPENING)


def acts(data: bytes) -> bool:
    """Whether a word of code that does something stands in a text."""
    return _acting().search(data) is not None


def begins(data: bytes) -> bool:
    """Whether a text begins as a command, code or an address does."""
    return data.lstrip().startswith(beginnings())


@cache
def _acting() -> re.Pattern[bytes]:
    return re.compile("|".join(table()["acts"]).encode(), re.IGNORECASE)
