"""The formats that an artifact may have, by its first byte: what is left to ask of the rest, each test once.

Formats share their magics: what a first byte cannot decide is put to an artifact once, whatever the number of formats
that ask for it.
"""

from __future__ import annotations

from modelaudit.engine.facts.sieve import Sieve
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.magic import begins, of_first_byte

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.parsers.magic import Place, Tests
    from modelaudit.parsers.registry import Format

KEPT = 1024  # sets of formats that are kept as lists


class Beginnings:
    """The candidates by an artifact's first byte. Bytes that no magic tells apart have the same ones, made once."""

    __slots__ = ("_by_answers", "_by_byte", "_formats", "_tests")

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = formats
        self._tests: list[tuple[str, int, bytes]] | None = None  # those that a first byte can fail
        self._by_byte: dict[int | None, Candidates] = {}
        self._by_answers: dict[tuple[bool, ...], Candidates] = {}

    def of(self, first: int | None) -> Candidates:
        """The formats whose files may begin with this byte."""
        found = self._by_byte.get(first)
        if found is None:
            found = self._by_byte[first] = Candidates(self._formats, None) if first is None else self._like(first)
        return found

    def _like(self, first: int) -> Candidates:
        if self._tests is None:
            magics = (magic for format in self._formats for magic in format.magics or ())
            self._tests = list({test for magic in magics for test in magic.tests if of_first_byte(*test)})
        answers = tuple([begins(first, *test) for test in self._tests])
        found = self._by_answers.get(answers)
        if found is None:
            found = self._by_answers[answers] = Candidates(self._formats, first)
        return found


class Candidates:
    """The formats whose files may begin with a byte, in the order in which they are asked; None for no byte at all."""

    __slots__ = (
        *("_answers", "_at", "_byte", "_certain", "_ends", "_formats", "_longer", "_open", "_questions", "_sieve"),
        "_within",
    )

    def __init__(self, formats: Iterable[Format], first: int | None) -> None:
        self._formats: list[tuple[int, Format]] = []
        self._certain = 0  # formats of which nothing more can be asked, one bit each
        self._questions: dict[Tests, int] = {}
        self._at: dict[tuple[int, int], dict[bytes, int]] = {}  # by where the bytes stand, and how many they are
        self._within: dict[str, list[tuple[int, int]]] = {}  # how far the bytes may stand, and the formats
        self._longer: dict[int, int] = {}  # the formats that artifacts of more than so many bytes may have
        self._byte: list[tuple[int, bytes, int]] = []
        self._ends: list[tuple[int, Tests, int]] = []  # how near to the end the bytes stand, and the formats
        self._open: list[tuple[bytes, int, bytes, Tests, int]] = []  # all else: what it is not without, and where
        for format in formats:
            self._add(format, first, 1 << len(self._formats))
        self._sort()
        self._sieve = Sieve(self._within)
        self._answers: dict[int, list[Format]] = {}

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

    def _sort(self) -> None:
        """Put questions that are one plain look into the first bytes apart: every file is asked them."""
        for tests, formats in list(self._questions.items()):
            how, where, wanted = tests[0]
            if len(tests) > 1 or how not in ("at", "byte", "within", "anywhere"):
                continue
            if how in ("within", "anywhere"):
                self._within.setdefault(wanted.decode("latin-1"), []).append((where, formats))
                if how == "anywhere":
                    self._longer[where] = self._longer.get(where, 0) | formats
            elif how == "at":
                self._at.setdefault((where, where + len(wanted)), {})[wanted] = formats
            else:
                self._byte.append((where, wanted, formats))
            del self._questions[tests]
        for tests, formats in self._questions.items():
            how, where, wanted = tests[0]
            if how == "end" and len(tests) == 1:
                self._ends.append((where, tests, formats))
            else:
                first, at = (wanted, where) if how == "at" else (b"", 0)
                self._open.append((first, at, wanted if how == "doubling" else b"", tests, formats))

    def _seen(self, head: bytes, size: int) -> int:
        """The formats whose bytes stand among the first ones, or may stand behind them."""
        left = self._certain
        for most, formats in self._longer.items():
            if size > most:
                left |= formats
        text = head.decode("latin-1")
        for word in self._sieve.occurring(text):
            for where, formats in self._within[word]:
                if where >= len(text) or text.find(word, 0, where) >= 0:
                    left |= formats
        for (start, end), table in self._at.items():
            left |= table.get(head[start:end], 0)
        for where, wanted, formats in self._byte:
            if where < len(head) and head[where] in wanted:
                left |= formats
        return left

    @property
    def formats(self) -> list[Format]:
        """All of them."""
        return [format for _, format in self._formats]

    def plausible(self, place: Place) -> tuple[list[Format], BudgetSpent | None]:
        """The formats that are worth asking, in order, and the budget other than time that kept a test from looking."""
        head = place.head
        left = self._seen(head, place.reader.size)
        if len(head) >= place.reader.size:  # as small files are, of which there are many
            for where, tests, formats in self._ends:
                if head.find(tests[0][2], -where) >= 0:
                    left |= formats
            kept = None
            asked = [
                (tests, formats)
                for first, at, word, tests, formats in self._open
                if head.startswith(first, at) and head.find(word) >= 0
            ]
        else:
            left, kept = self._ask(place, [(tests, formats) for _, tests, formats in self._ends], left, None)
            asked = [(tests, formats) for first, at, _, tests, formats in self._open if head.startswith(first, at)]
        if asked:
            left, kept = self._ask(place, asked, left, kept)
        return self._answers.get(left) or self._chosen(left), kept

    def _ask(
        self, place: Place, questions: Iterable[tuple[Tests, int]], left: int, kept: BudgetSpent | None
    ) -> tuple[int, BudgetSpent | None]:
        """The formats that are left with those for which one of these questions holds, and the budget."""
        for tests, formats in questions:
            try:
                if place.fits(tests):
                    left |= formats
            except BudgetSpent as spent:
                if spent.what == "time":
                    raise
                kept = kept or spent.with_traceback(None)  # which holds the reader
        return left, kept

    def _chosen(self, bits: int) -> list[Format]:
        """The formats of these bits, in order."""
        found = [format for bit, format in self._formats if bit & bits]
        if len(self._answers) < KEPT:
            self._answers[bits] = found
        return found
