"""Which of many words stand in a text: most are ruled out by a letter that the text does not have."""

from __future__ import annotations

FREQUENT = "etaoinsrlcdm_uhpgfbywvkxjqz"  # letters, the most frequent first
COMMON = 13  # of these that nearly every text has
SIGNS = 30  # as many as fit into a small number
KEPT = 1024  # sets of letters whose words are kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Sieve:
    """Words that are looked for together."""

    __slots__ = ("_possible", "_signs", "_words")

    def __init__(self, words: Iterable[str]) -> None:
        words = list(words)
        rare = sorted(set("".join(words)).difference(FREQUENT[:COMMON]), key=_frequency)[:SIGNS]
        bits = {sign: 1 << n for n, sign in enumerate(rare)}
        self._signs = list(bits.items())
        self._words = [(word, sum(bits.get(sign, 0) for sign in set(word))) for word in words]
        self._possible: dict[int, list[str]] = {}  # the words that are left, by the letters that a text lacks

    def occurring(self, text: str) -> list[str]:
        """The words that stand in a text, in the order in which they were given."""
        lacking = 0
        for sign, bit in self._signs:
            if sign not in text:
                lacking |= bit
        possible = self._possible.get(lacking)
        if possible is None:
            possible = self._left(lacking)
        return [word for word in possible if word in text]

    def _left(self, lacking: int) -> list[str]:
        """The words that need none of the letters that a text lacks; texts of one sort lack the same ones."""
        words = [word for word, signs in self._words if not signs & lacking]
        if len(self._possible) >= KEPT:
            self._possible.clear()
        self._possible[lacking] = words
        return words


def _frequency(sign: str) -> tuple[int, str]:
    """The place of a sign in the order of frequency, the rarest first; what is no letter is rarer than all."""
    return -FREQUENT.index(sign) if sign in FREQUENT else -len(FREQUENT), sign
