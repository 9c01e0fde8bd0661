"""Words for a licence as an SPDX expression. The ids and the other words for them stand in `licences.json`."""

from __future__ import annotations

import json
import os
import re

PREFIX = "LicenseRef-"
LONGEST = 200  # characters of an expression; what is longer is no name of a licence
OPERATORS = frozenset({"AND", "OR", "WITH"})
WORD = re.compile(r"[()]|[^\s()]+")
EXCEPTION = re.compile(r"[A-Za-z0-9.+-]+")


class _Table:
    def __init__(self) -> None:
        with open(os.path.join(os.path.dirname(__file__), "licences.json"), "rb") as file:
            doc = json.loads(file.read())
        self.ids: dict[str, str] = {id.lower(): id for id in doc["ids"].split()}
        self.aliases: dict[str, str] = doc["aliases"]
        self.known = frozenset(self.aliases.values())
        self.unspecific = frozenset(doc["unspecific"])

    def name(self, words: str) -> str | None:
        """The id that words stand for, if they are known."""
        if words.lower() in self.ids:
            return self.ids[words.lower()]
        plain = _plain(words)
        if plain in self.unspecific:
            return PREFIX + plain.replace(" ", "-")
        return self.aliases.get(plain)

    def part(self, word: str) -> str | None:
        """One word of an expression as SPDX writes it, None when no licence has it as its id."""
        if word in "()" or word.upper() in OPERATORS:
            return word.upper()
        if word.startswith((PREFIX, "DocumentRef-")):
            return word
        found = self.ids.get(word.lower().rstrip("+"))
        return found if found is None or not word.endswith("+") else f"{found}+"


_tables: list[_Table] = []


def _table() -> _Table:
    if not _tables:
        _tables.append(_Table())
    return _tables[0]


def licence_expression(words: str) -> str:
    """The SPDX expression that words stand for; a `LicenseRef-` for what has no SPDX id, empty for nothing at all."""
    text = " ".join(words.split()).strip("\"' ")[:LONGEST]
    if not _plain(text):
        return ""
    table = _table()
    return table.name(text) or _compound(table, text) or _own(text)


def is_unspecific(words: str) -> bool:
    """Whether words say that there is a licence, but not which: `other`, `unknown`."""
    return _plain(words) in _table().unspecific


def is_known(id: str) -> bool:
    """Whether an id is one of SPDX, or stands for a licence that other words are known for as well."""
    return not id.startswith(PREFIX) or id in _table().known


def same_licence(a: str, b: str) -> bool:
    """Whether two ids are those of one licence: `-only`, `-or-later` and `+` make no other of it."""
    return _stem(a) == _stem(b)


def _stem(id: str) -> str:
    return id.lower().removesuffix("+").removesuffix("-only").removesuffix("-or-later")


def _compound(table: _Table, text: str) -> str | None:
    words = WORD.findall(text)
    if len(words) < 2:
        return table.part(words[0]) if words else None
    parts: list[str] = []
    for at, word in enumerate(words):
        exception = at > 0 and words[at - 1].upper() == "WITH" and EXCEPTION.fullmatch(word)
        part = word if exception else table.part(word)
        if part is None:
            return None
        parts.append(part)
    return " ".join(parts).replace("( ", "(").replace(" )", ")")


def _own(text: str) -> str:
    """A reference of our own making to a licence that nobody has given an id."""
    return PREFIX + re.sub(r"[^A-Za-z0-9.]+", "-", text[:64]).strip("-.").lower()


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+(?:\+\+)?", text.lower()))
