"""Folding: facts that differ only in where they were seen become one record."""

from __future__ import annotations

from modelaudit.engine.facts import Fact, Limit, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PLACES = 5
RECORDS = 100_000  # distinct records of one kind in one artifact
FEWER = {"import": 20_000}  # of kinds of which each is large, and of which no file has as many
CHARACTERS = 64 * 1024 * 1024  # of the long fields in one artifact
LONG = {"text": "value", "metadata": "value", "code": "excerpt", "call": "args"}


class _Slot:
    """A record that came more than once and is being counted."""

    __slots__ = ("fact", "n", "places")

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self.n: int = fact.n
        self.places: tuple[Place, ...] = fact.places

    def again(self, fact: Fact) -> None:
        """Count the same record once more."""
        self.n += fact.n
        if len(self.places) < PLACES:
            new = [p for p in fact.places if p not in self.places]
            self.places = (*self.places, *new)[:PLACES]

    def record(self) -> Fact:
        """The fact with its count and places."""
        if self.n == self.fact.n and self.places is self.fact.places:
            return self.fact
        return self.fact.replace(n=self.n, places=self.places[:PLACES])


class Fold:
    """The facts of one artifact as they come in; `facts` is what they fold to.

    Beyond the budgets nothing is kept, and one `limit` names the kinds that lack records.
    """

    __slots__ = ("_artifact", "_characters", "_cut", "_kinds", "_repeated")

    def __init__(self, artifact: str) -> None:
        self._artifact = artifact
        self._kinds: dict[str, dict[tuple[object, ...], Fact | _Slot]] = {}
        self._repeated: set[str] = set()  # kinds of which a record came more than once
        self._characters = 0
        self._cut: set[str] = set()

    def add(self, fact: Fact) -> None:
        """Take a fact in."""
        kind = fact.KIND
        records = self._kinds.get(kind)
        if records is None:
            records = self._kinds[kind] = {}
        key = fact.fold_key()
        known = records.get(key)
        if known is None:
            if self._has_room(fact, kind, len(records)):
                records[key] = fact
            else:
                self._cut.add(kind)
        elif isinstance(known, _Slot):
            known.again(fact)
        else:
            self._repeated.add(kind)
            slot = records[key] = _Slot(known)
            slot.again(fact)

    def _has_room(self, fact: Fact, kind: str, records: int) -> bool:
        if kind in LONG:
            self._characters += _length(fact, LONG[kind])
            if self._characters > CHARACTERS:
                return False
        return records < RECORDS and (kind not in FEWER or records < FEWER[kind])

    def facts(self) -> dict[str, list[Fact]]:
        """Kind to folded records, in the order in which they were first seen."""
        facts: dict[str, list[Fact]] = {}
        for kind, records in self._kinds.items():
            if kind in self._repeated:
                facts[kind] = [each.record() if isinstance(each, _Slot) else each for each in records.values()]
            else:
                facts[kind] = list(records.values())  # type: ignore[arg-type]  # without a slot
        if self._cut:
            affects = frozenset(self._cut)
            cut = Limit(self._artifact, what="facts", at=RECORDS, budget=RECORDS, by="file", affects=affects)
            facts.setdefault("limit", []).append(cut)
        return facts


def _length(fact: Fact, field: str) -> int:
    """Characters of a fact's long field."""
    value = getattr(fact, field)
    return sum([len(arg.value or "") for arg in value]) if field == "args" else len(value or "")


class Unfolded:
    """The facts of one artifact just as they came."""

    __slots__ = ("_facts",)

    def __init__(self, artifact: str) -> None:
        self._facts: dict[str, list[Fact]] = {}

    def add(self, fact: Fact) -> None:
        """Take a fact in."""
        self._facts.setdefault(fact.KIND, []).append(fact)

    def facts(self) -> dict[str, list[Fact]]:
        """Kind to facts, in order."""
        return self._facts


def fold(facts: Iterable[Fact], artifact: str = "") -> dict[str, list[Fact]]:
    """Kind to folded records of all the facts."""
    folded = Fold(artifact)
    for fact in facts:
        folded.add(fact)
    return folded.facts()
