"""The search for first bytes of programs: a consumer of the windows that a file is hashed by, or one look at bytes.

Large files go through YARA-X, which finds many words in one pass at several gigabytes a second; what is small is
searched word by word, which takes less time than to load a library.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from threading import local

from modelaudit.engine.facts.sieve import Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.parsers.reader import Reader

SMALL = 1024 * 1024  # bytes for which no library is loaded
WINDOW = 1024 * 1024
HITS = 20_000  # of one signature that are looked at


class Signature:
    """First bytes, and the name of the check of what follows; `word` when they are a word of a script."""

    __slots__ = ("check", "magic", "word")

    def __init__(self, magic: bytes, check: str, *, word: bool = False) -> None:
        self.magic = magic
        self.check = check
        self.word = word


@cache
def signatures() -> tuple[Signature, ...]:
    """All of them, in the order of the table."""
    with open(os.path.join(os.path.dirname(__file__), "signatures.json"), "rb") as file:
        rows = json.loads(file.read())["signatures"]
    return tuple(_signature(**row) for row in rows)


def _signature(check: str, magic: str = "", text: str = "") -> Signature:
    return Signature(text.encode() or bytes.fromhex(magic), check, word=bool(text) and check != "ape")


class Search:
    """What was found in bytes that come window by window, front to back; `cut` when there was too much of it.

    `wordy` when there were too many words of scripts, which is ordinary in text.
    """

    __slots__ = ("_behind", "_counts", "_scan", "at", "cut", "hits", "wordy")

    def __init__(self, size: int) -> None:
        self.at = 0
        self.hits: list[tuple[int, Signature]] = []
        self.cut = False
        self.wordy = False
        self._behind = b""
        self._counts: dict[int, int] = {}  # of the hits, by the number of the signature
        self._scan: Any = _words if size <= SMALL and "yara_x" not in sys.modules else _yara()

    def update(self, window: bytes | memoryview, /) -> None:
        """Take the next bytes. They are searched where they are; a word across two windows is found in the seam."""
        data = window if isinstance(window, bytes) else bytes(window)
        behind, most = self._behind, _longest() - 1
        if behind:
            self._take(behind + data[:most], self.at - len(behind), len(behind))
        self._take(data, self.at, 0)
        self.at += len(data)
        self._behind = data[-most:] if len(data) >= most else (behind + data)[-most:]

    def _take(self, data: bytes, base: int, seam: int) -> None:
        """The words in bytes that begin at an offset, or of them those across the seam."""
        for number, found in self._scan(data):
            if seam and not found < seam < found + len(signatures()[number].magic):
                continue
            self._counts[number] = self._counts.get(number, 0) + 1
            if self._counts[number] > HITS:
                self._flood(signatures()[number])
            else:
                self.hits.append((base + found, signatures()[number]))

    def _flood(self, signature: Signature) -> None:
        if signature.word:
            self.wordy = True
        else:
            self.cut = True

    def whole(self, reader: Reader, check: Callable[[], None] | None = None) -> Search:
        """This search after everything that a reader gives; `check` is called before each window and may raise."""
        while self.at < reader.size:
            if check is not None:
                check()
            window = reader.window(self.at, WINDOW)
            if not window:
                break
            self.update(window)
        return self


@cache
def _longest() -> int:
    return max(len(signature.magic) for signature in signatures())


def _words(data: bytes) -> list[tuple[int, int]]:
    """Number of a signature and place of each of its words."""
    hits: list[tuple[int, int]] = []
    occurring = _sieve().occurring(data.decode("latin-1"))
    for number, signature in enumerate(signatures()) if occurring else ():
        found = data.find(signature.magic)
        left = HITS + 1
        while found >= 0 and left:
            hits.append((number, found))
            found = data.find(signature.magic, found + 1)
            left -= 1
    return hits


@cache
def _sieve() -> Sieve:
    return Sieve({signature.magic.decode("latin-1") for signature in signatures()})


def has_words(data: bytes) -> bool:
    """Whether one of the words stands in bytes that are few."""
    return bool(_sieve().occurring(data.decode("latin-1")))


class _Scanners(local):
    """The scanner of each thread: one may not be used by another."""

    made: Any = None  # by this thread


_scanners = _Scanners()


def _yara() -> Any:  # noqa: ANN401 - a function over an object of the library
    if _scanners.made is None:
        _scanners.made = _new_scanner()
    return _scanners.made


def _new_scanner() -> Any:  # noqa: ANN401 - a function over an object of the library
    import yara_x

    names = "\n".join(f"$s{number} = {{ {one.magic.hex(' ')} }}" for number, one in enumerate(signatures()))
    rules = yara_x.compile(f"rule programs {{ strings: {names} condition: any of them }}")
    scanner = yara_x.Scanner(rules)
    scanner.max_matches_per_pattern(HITS + 1)

    def scan(data: bytes) -> list[tuple[int, int]]:
        return [
            (int(pattern.identifier[2:]), match.offset)
            for rule in scanner.scan(data).matching_rules
            for pattern in rule.patterns
            for match in pattern.matches
        ]

    return scan
