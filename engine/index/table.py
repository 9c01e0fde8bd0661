"""Which rules a value can matter to: one table for each source, and an answer kept for each distinct value."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from modelaudit.engine.lang.lists import Matcher

    Json = Any
    Value = Any
    Rules = frozenset[int]

KEPT = 1 << 16  # distinct values whose answer is kept
LONG = 1024  # characters of a value that is not kept
FEW = 8  # texts that are faster looked for one by one
NONE: Rules = frozenset()


class Table:
    """The tests that rules put to one value."""

    __slots__ = ("_absent", "_answers", "_doc", "_lists", "_searches", "rules")

    def __init__(self, doc: Json, lists: Mapping[str, Matcher]) -> None:
        self.rules: Rules = frozenset(doc["rules"])  # all that ask: what an unknown value leaves open
        self._absent: Rules = frozenset(doc.get("absent", ()))
        self._doc = doc
        self._lists = lists
        self._answers: dict[Value, Rules] = {}
        self._searches: list[Callable[[Value], Iterable[int]]] | None = None

    def find(self, value: Value) -> Rules:
        """The rules that cannot be ruled out by this value, which is known; None stands for an absent one."""
        try:
            found = self._answers.get(value)
        except TypeError:  # a value that no dict takes as a key
            return self.rules
        if found is None:
            found = self.search(value)
            if not isinstance(value, (str, bytes)) or len(value) <= LONG:
                if len(self._answers) >= KEPT:
                    self._answers.clear()
                self._answers[value] = found
        return found

    def search(self, value: Value) -> Rules:
        """The same, without keeping it."""
        return frozenset(self.numbers(value))

    def numbers(self, value: Value) -> Iterable[int]:
        """The same, as they are found."""
        if value is None:
            return self._absent
        searches = self._searches
        if searches is None:
            searches = self._searches = list(_searches(self._doc, self._lists))
        if len(searches) == 1:
            return searches[0](value)
        return [number for search in searches for number in search(value)]


def _searches(doc: Json, lists: Mapping[str, Matcher]) -> Iterator[Callable[[Value], Iterable[int]]]:
    """One look-up for each sort of test that a table has."""
    if "eq" in doc or "same" in doc:
        yield _equal(doc.get("eq", {}), doc.get("same", ()))
    if "present" in doc:
        present = tuple(doc["present"])
        yield lambda value: present
    if "lists" in doc:
        yield _listed(doc["lists"], lists)
    for name in doc:
        if name in _MORE:
            from modelaudit.engine.index import searches as more

            yield getattr(more, _MORE[name])(doc[name], lists)


_MORE = {name: name for name in ("under", "below", "prefix", "suffix", "regexes", "orders", "tests")}
_MORE |= {"ne": "unequal", "atoms": "contains"}


def _equal(texts: dict[str, list[int]], others: Iterable[Json]) -> Callable[[Value], Iterable[int]]:
    table: dict[Value, list[int]] = texts
    if others:
        table = {**texts}
        for constant, number in others:
            key = constant["bytes"].encode("latin-1") if isinstance(constant, dict) else constant
            table.setdefault(key, []).append(number)

    return lambda value: table.get(value, ())


def _listed(doc: Json, lists: Mapping[str, Matcher]) -> Callable[[Value], Iterable[int]]:
    """One look-up in each list, however many rules ask for it."""
    named = [(lists[name], tuple(rules["in"]), tuple(rules["out"])) for name, rules in doc.items()]
    asked = [(each.contains, inside, outside) for each, inside, outside in named if each.items]
    empty = [number for each, _, outside in named if not each.items for number in outside]

    def find(value: Value) -> Iterable[int]:
        found = empty
        for contains, inside, outside in asked:
            more = inside if contains(value) else outside
            if more:
                found = [*found, *more]
        return found

    return find
