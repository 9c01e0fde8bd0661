"""Facts that a stream repeats: the first ones come out at their opcode, the others as one fact with their number.

Calls that differ in the values of their arguments alone, such as those that make the dates of a long list, are alike:
behind the first thousand the others are one fact. It has the values that all of them share, and says of the others
that they are not known, so that a rule which asks for one decides nothing.
"""

from __future__ import annotations

from modelaudit.engine.facts import Arg
from modelaudit.parsers.pickle import emit
from modelaudit.parsers.pickle import values as v

SINGLE = 16  # equal facts that come out one by one
SHAPE_MAX = 8  # numbers of a tuple that tell one call from another
KEYS_MAX = 10_000  # different facts that are counted
ALIKE = 1000  # calls that come out one by one although they differ in values alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from modelaudit.engine.facts import Call, Fact

    Value = object


class Alike:
    """Calls that differ in values alone: how many there were, and what those have that did not come out."""

    __slots__ = ("args", "fact", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self.fact: Call | None = None
        self.args: list[Arg] = []

    def take_first(self, fact: Call) -> bool:
        """Count one that has a fact, which comes out as long as there are few of them: then False."""
        self.seen += 1
        if self.seen <= ALIKE:
            return False
        self.fact, self.args = fact, list(fact.args)
        return True

    def take(self, values: Sequence[Value]) -> None:
        """Count one more of those that do not come out, and forget the values in which it differs from them."""
        self.seen += 1
        for number, (value, arg) in enumerate(zip(values, self.args, strict=False)):
            if arg.value is not None and emit.argument(value).value != arg.value:
                self.args[number] = Arg(type=arg.type, qualname=arg.qualname, source=arg.source, file=arg.file)


class Repeats:
    """How often each fact of a stream was made."""

    __slots__ = ("_alike", "_counts", "_facts")

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._facts: dict[Hashable, Fact] = {}
        self._alike: dict[Hashable, Alike] = {}

    def like(self, key: Hashable) -> Alike | None:
        """The calls that are like one with this key; None when there are too many kinds of them to be counted."""
        found = self._alike.get(key)
        if found is None and len(self._alike) < KEYS_MAX:
            found = self._alike[key] = Alike()
        return found

    def more(self, key: Hashable) -> bool:
        """Whether the fact of this key has come out often enough; if so, it is counted."""
        count = self._counts.get(key, 0)
        if count < SINGLE:
            return False
        self._counts[key] = count + 1
        return True

    def first(self, key: Hashable, fact: Fact) -> None:
        """Note a fact that comes out."""
        if key in self._counts:
            self._counts[key] += 1
        elif len(self._counts) < KEYS_MAX:
            self._counts[key] = 1
            self._facts[key] = fact

    def rest(self) -> Iterator[Fact]:
        """One fact for each key that was counted further, with the number of those that did not come out."""
        for key, count in self._counts.items():
            if count > SINGLE:
                yield self._facts[key].replace(n=count - SINGLE, places=())
        for alike in self._alike.values():
            if alike.fact is not None:
                cut = alike.fact.cut | {"args"}
                yield alike.fact.replace(args=tuple(alike.args), n=alike.seen - ALIKE, cut=cut)


def signature(values: Sequence[Value]) -> Hashable:
    """What two argument lists share when their records are equal."""
    kinds = tuple(map(type, values))
    if _HASHED.issuperset(kinds):
        return kinds, tuple(values)
    return tuple([_one(value) for value in values])


def shape(values: Sequence[Value], files: Mapping[bytes, str]) -> Hashable:
    """What two argument lists share when their records differ in values alone; None when a value is a file."""
    if files and any(value.__class__ is bytes and value in files for value in values):
        return None
    kinds = tuple(map(type, values))
    return kinds if _HASHED.issuperset(kinds) else tuple([_kind(value) for value in values])


def _kind(value: Value) -> Hashable:
    kind = value.__class__
    if kind in _HASHED:
        return (kind,)
    if isinstance(value, v.Folded):
        return kind, value.cls, value.value.__class__
    if isinstance(value, v.Literal):
        return kind, value.type, value.file
    return (kind,) if kind is tuple else _one(value)


_NUMBER = frozenset([int])
_HASHED = frozenset([int, float, str, bytes, bool, type(None)])


def _one(value: Value) -> Hashable:
    kind = value.__class__
    if kind in _HASHED or kind is v.Import:
        return kind, value
    if isinstance(value, v.Folded):
        return kind, value.cls, value.value if value.value.__class__ in _HASHED else None
    if isinstance(value, v.Made):
        return kind, value.cls
    if isinstance(value, v.Unknown):
        return kind, value.source
    if isinstance(value, v.Literal):
        return kind, value.type, value.head, value.file
    if isinstance(value, tuple) and len(value) <= SHAPE_MAX and _NUMBER.issuperset(map(type, value)):
        return kind, value
    return kind.__name__
