"""Keywords of patterns as parsers look for them in raw bytes: a few texts, whatever their case, in one pass."""

from __future__ import annotations

import sys

from modelaudit.engine.facts.sieve import Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

SMALL = 16 * 1024  # bytes that are searched for one keyword after the other: less than what importing RE2 takes
ALL_SMALL = 256 * 1024  # bytes of all that is searched so


class Keywords:
    """Texts of which one is looked for, whatever its case."""

    __slots__ = ("_left", "_regex", "_sieve", "_words", "longest")

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(sorted({word.lower().encode() for word in words}))
        self._sieve = Sieve(word.decode("latin-1") for word in self._words)
        self.longest = max(map(len, self._words), default=0)
        self._regex: Any = None
        self._left = ALL_SMALL

    def find(self, data: bytes, start: int = 0) -> int:
        """Where the first keyword at or behind an offset begins, -1 when there is none."""
        if not self._words:
            return -1
        if self._regex is None:
            size = len(data) - start
            if size <= SMALL and self._left > 0 and "re2" not in sys.modules:
                self._left -= size
                return self._one_by_one(data[start:].lower().decode("latin-1"), start)
            self._compile()
        found = self._regex.search(data, start)
        return -1 if found is None else int(found.start())

    def _one_by_one(self, lowered: str, start: int) -> int:
        return start + min(map(lowered.find, found)) if (found := self._sieve.occurring(lowered)) else -1

    def _compile(self) -> None:
        import re

        from modelaudit.engine.lang.regex import compile_regex

        self._regex = compile_regex("(?i)" + "|".join(re.escape(word.decode()) for word in self._words))
