"""The callables behind results: equal sets of names are one object, and all of them have a budget.

A result comes from its own callable and from those behind its arguments, up to `FLOWS_MAX` names. A stream can make a
million different sets of a few names, each of which takes kilobytes.
"""

from __future__ import annotations

BYTES = 16 * 1024 * 1024  # of all sets of one stream
SET, NAME = 200, 130  # bytes that a set takes, and each name in it
PAIRS = 10_000  # sets that are found without being made again
SINGLES = 50_000  # callables whose results are told apart behind the budget
LOST = "?"  # stands for names that are not known

NOT_KNOWN = frozenset([LOST])


class Flows:
    """The sets of one stream; `spent` is what they take."""

    __slots__ = ("_sets", "_singles", "pairs", "spent")

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self.spent = 0
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._singles: dict[str, frozenset[str]] = {}

    @property
    def full(self) -> bool:
        """Whether some names are not known any more."""
        return self.spent > BYTES

    def one(self, names: frozenset[str]) -> frozenset[str] | None:
        """The one object for equal sets; None for a new one when the budget is spent."""
        known = self._sets.get(names)
        if known is None and self.spent <= BYTES:
            self.spent += SET + NAME * len(names)
            known = self._sets[names] = names
        return known

    def among(self, names: frozenset[str]) -> frozenset[str]:
        """The same for what calls get."""
        return self.one(names) or NOT_KNOWN

    def with_name(self, name: str, names: frozenset[str]) -> frozenset[str]:
        """The set with one name more; behind the budget that name alone, and that others are not known."""
        made = self.one(names | {name}) or self._single(name)
        if len(self.pairs) < PAIRS:
            self.pairs[name, names] = made
        return made

    def _single(self, name: str) -> frozenset[str]:
        known = self._singles.get(name)
        if known is not None or len(self._singles) >= SINGLES:
            return known or NOT_KNOWN
        known = frozenset([name, LOST])
        self._singles[name] = self._sets[known] = known
        return known
