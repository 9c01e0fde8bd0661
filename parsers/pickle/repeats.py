"""Facts that a stream repeats: the first ones come out at their opcode, the others as one fact with their number."""

from __future__ import annotations

from modelaudit.parsers.pickle import values as v

SINGLE = 16  # equal facts that come out one by one
SHAPE_MAX = 8  # numbers of a tuple that tell one call from another
KEYS_MAX = 10_000  # different facts that are counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from modelaudit.engine.facts import Fact

    Value = object


class Repeats:
    """How often each fact of a stream was made."""

    __slots__ = ("_counts", "_facts")

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._facts: dict[Hashable, Fact] = {}

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


def signature(values: Sequence[Value]) -> Hashable:
    """What two argument lists share when their records are equal."""
    kinds = tuple(map(type, values))
    if _HASHED.issuperset(kinds):
        return kinds, tuple(values)
    return tuple([_one(value) for value in values])


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
