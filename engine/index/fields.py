"""What all tables that ask one field of a record say of its value, together, kept for each distinct one."""

from __future__ import annotations

from operator import attrgetter

from modelaudit.engine.index.table import KEPT, LONG, NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from modelaudit.engine.facts import Fact

    Rules = frozenset[int]
    Numbers = Callable[[Any], Iterable[int]]

KEYS = frozenset({str, bytes, int, float, bool, type(None), frozenset})  # of values that are found again


class Field:
    """One field, and the tables that ask it. `known` has what they say of a value; `ask` finds it out."""

    __slots__ = ("_asked", "get", "known", "name", "names", "rules")

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: frozenset[str] = frozenset()  # the ways in which `unknown` may name what is asked of it
        self.rules: Rules = NONE  # what a value that is not known leaves open
        self.get = attrgetter(name)
        self.known: dict[object, Rules] = {}
        self._asked: list[Numbers] = []

    def add(self, names: frozenset[str], rules: Rules, numbers: Numbers) -> None:
        """Have one more table asked, which these rules put their tests to."""
        self.names |= names
        self.rules |= rules
        self._asked.append(numbers)

    def of(self, record: Fact) -> Rules:
        """What a record leaves open; one of which the field is not known leaves everything open."""
        if (record.unknown or record.cut) and self.is_doubtful(record):
            return self.rules
        value = self.get(record)
        found = self.known.get(value) if type(value) in KEYS else None
        return self.ask(value) if found is None else found

    def of_none(self) -> Rules:
        """The same where there is no record."""
        found = self.known.get(None)
        return self.ask(None) if found is None else found

    def is_doubtful(self, record: Fact) -> bool:
        """Whether something that is asked of the field is not known of this record."""
        return not (self.names.isdisjoint(record.unknown) and self.names.isdisjoint(record.cut))

    def ask(self, value: Any) -> Rules:  # noqa: ANN401 - whatever a field may hold
        """Put a value to the tables, and keep what they say."""
        try:
            found = frozenset([number for numbers in self._asked for number in numbers(value)]) or NONE
        except TypeError:  # a value that no dict takes as a key
            return self.rules
        if type(value) in KEYS and not (isinstance(value, (str, bytes, frozenset)) and len(value) > LONG):
            if len(self.known) >= KEPT:
                self.known.clear()
            self.known[value] = found
        return found
