"""The formats that an artifact may have, by its first byte: what is left to ask of the rest, each test once.

Formats share their magics: what a first byte cannot decide is put to an artifact once, whatever the number of formats
that ask for it.
"""

from __future__ import annotations

from modelaudit.parsers.base import BudgetSpent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.parsers.magic import Place, Tests
    from modelaudit.parsers.registry import Format


class Candidates:
    """The formats whose files may begin with a byte, in the order in which they are asked; None for no byte at all."""

    __slots__ = ("_certain", "_formats", "_questions")

    def __init__(self, formats: Iterable[Format], first: int | None) -> None:
        self._formats: list[tuple[int, Format]] = []
        self._certain = 0  # formats of which nothing more can be asked, one bit each
        self._questions: dict[Tests, int] = {}
        for format in formats:
            self._add(format, first, 1 << len(self._formats))

    def _add(self, format: Format, first: int | None, bit: int) -> None:
        """Take in a format, unless the byte rules it out."""
        rest: list[Tests | None] = [()] if format.magics is None else [magic.rest(first) for magic in format.magics]
        possible = [tests for tests in rest if tests is not None]
        if not possible:
            return
        self._formats.append((bit, format))
        if () in possible:
            self._certain |= bit
            return
        for tests in possible:
            self._questions[tests] = self._questions.get(tests, 0) | bit

    @property
    def formats(self) -> list[Format]:
        """All of them."""
        return [format for _, format in self._formats]

    def plausible(self, place: Place) -> tuple[list[Format], BudgetSpent | None]:
        """The formats that are worth asking, in order, and the budget other than time that kept a test from looking."""
        left = self._certain
        kept: BudgetSpent | None = None
        for tests, formats in self._questions.items():
            try:
                if place.fits(tests):
                    left |= formats
            except BudgetSpent as spent:
                if spent.what == "time":
                    raise
                kept = kept or spent
        return [format for bit, format in self._formats if bit & left], kept
