"""Which licences a text holds, by the share of a known text's word sequences that stand in it.

Of a known text hashes of sequences of words are kept, not the text. Words are compared as the matching guidelines of
SPDX ask (https://spdx.github.io/spdx-spec/v3.0.1/annexes/license-matching-guidelines-and-templates/): case,
punctuation, spacing, bullets and copyright lines do not matter.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    Fingerprint: TypeAlias = tuple[int, str]  # sequences of a text, and the hashes that stand for it, in base64

THRESHOLD = 0.95
MARKS = 192  # of one text
GAP = re.compile(r"<[^<>\n]{1,60}>")  # stands for words that vary; no sequence reaches over it
WORDS = 4  # of a sequence
HASH = 5  # bytes
READ_MAX = 512 * 1024  # characters of a text that are looked at
TURNS = 4096  # sequences between two looks at the clock
COPYRIGHT = re.compile(
    r"^[^\w\n]*(?:copyright\b[ \t]*(?:\(c\)|©|\d{4}|by\b|<|\[)|\(c\)[ \t]|©).*$|^[^\w\n]*all rights reserved\.?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
BULLET = re.compile(r"^[^\w\n]*(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]+(?=\s)", re.MULTILINE | re.IGNORECASE)
WORD = re.compile(r"[^\W_]+")
SPELLINGS = {"licence": "license", "licenced": "licensed", "sublicence": "sublicense", "https": "http"}


class Likeness:
    """Known texts by the names of their licences. What follows `@` in a name tells texts of one licence apart."""

    def __init__(self, texts: Iterable[tuple[str, Fingerprint]], threshold: float = THRESHOLD) -> None:
        self.threshold = threshold
        self.counts: dict[str, int] = {}  # of hashes that are known
        self.lengths: dict[str, int] = {}  # of the text, in sequences
        self.owners: dict[bytes, list[str]] = {}  # hash of a sequence → licences that have it
        for name, (length, packed) in texts:
            data = b64decode(packed)
            self.lengths[name] = length
            marks = [data[at : at + HASH] for at in range(0, len(data), HASH)]
            self.counts[name] = len(marks)
            for mark in marks:
                self.owners.setdefault(mark, []).append(name)

    def find(self, text: str, check: Callable[[], None]) -> list[tuple[str, float]]:
        """Licences whose text stands in this one, with the share of it that does; the longest first.

        A licence that another one has within it is not named again: the one with more of the text stands for both. What
        follows `@` tells texts of one licence apart.
        """
        found: dict[str, set[bytes]] = {}
        for turn, mark in enumerate(marks_of(text[:READ_MAX])):
            if turn % TURNS == 0:
                check()
            for name in self.owners.get(mark, ()):
                found.setdefault(name, set()).add(mark)
        scored = [(name, len(marks) / self.counts[name]) for name, marks in found.items()]
        likely = [(name, score) for name, score in scored if score >= self.threshold]
        return self._distinct(sorted(likely, key=lambda one: (-one[1] * self.lengths[one[0]], one[0])), found)

    def _distinct(self, likely: list[tuple[str, float]], found: dict[str, set[bytes]]) -> list[tuple[str, float]]:
        taken: set[bytes] = set()
        kept = []
        for name, score in likely:
            new = len(found[name] - taken)
            if new * 2 > len(found[name]):
                kept.append((name.partition("@")[0], score))
                taken |= found[name]
        return kept


def fingerprint(text: str) -> Fingerprint:
    """What is kept of a text: how many sequences it has, and the hashes that stand for it, chosen by their own value.

    What stands in angle brackets varies from one copy to the next and is left out.
    """
    found: set[bytes] = set()
    for part in GAP.split(text):
        found.update(marks_of(part))
    return len(found), b64encode(b"".join(sorted(found)[:MARKS])).decode()


def marks_of(text: str) -> Iterator[bytes]:
    """The hashes of all sequences of words in a text."""
    words = words_of(text)
    for at in range(len(words) - WORDS + 1):
        yield mark_of(words[at : at + WORDS])


def mark_of(words: list[str]) -> bytes:
    """The hash of one sequence."""
    return blake2b(" ".join(words).encode(), digest_size=HASH).digest()


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared."""
    words = WORD.findall(BULLET.sub("", COPYRIGHT.sub("", text)).lower())
    return [SPELLINGS.get(word, word) for word in words]
