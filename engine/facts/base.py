"""What every fact and record can do: be compared, folded, copied and turned into plain data."""

from __future__ import annotations

from itertools import repeat
from operator import attrgetter
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, NoReturn, Self

    from modelaudit.engine.facts.kinds import Place


def _getter(names: tuple[str, ...]) -> Callable[[Record], tuple[Any, ...]]:
    """What takes the fields of these names from a record."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple([getattr(record, name) for name in names])


# Sets an object's class past its `__setattr__`. To set fields one by one past it takes twice as long as to make the
# record an object for a moment that lets its fields be set; scans make many facts.
become: Callable[[object, type], None] = object.__dict__["__class__"].__set__


class _Draft:
    """Stands for the draft of a record until one is made: most kinds never are in a scan, and a class takes time."""

    def __get__(self, record: object, kind: type[Record]) -> type:
        plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        draft = type(kind.__name__, kind.__bases__, {"__slots__": kind.__dict__["__slots__"], **plain})
        kind.DRAFT = draft
        return draft


class Record:
    """An immutable record with named fields."""

    __slots__ = ()
    FIELDS: ClassVar[tuple[str, ...]] = ()
    DRAFT: ClassVar[type]  # what a record is while it is made: `become` it, set the fields, `become` the class
    VALUES_OF: ClassVar[Callable[[Record], tuple[Any, ...]]]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} is immutable")

    def __init_subclass__(cls) -> None:
        if "__setattr__" not in cls.__dict__:
            cls.VALUES_OF = _getter(cls.FIELDS)
            cls.DRAFT = _Draft()  # type: ignore[assignment]  # what it gives is one

    def values(self) -> tuple[Any, ...]:
        """The values of all fields, in the order of `FIELDS`."""
        return type(self).VALUES_OF(self)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{n}={getattr(self, n)!r}" for n in self.FIELDS if getattr(self, n) is not None)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(zip(self.FIELDS, self.values(), strict=True)))

    def replace(self, **changes: object) -> Self:
        """A copy with some fields changed."""
        kind = type(self)
        copy: Self = object.__new__(kind.DRAFT)
        any(map(setattr, repeat(copy), kind.FIELDS, self.values()))  # each gives None
        try:
            any(map(setattr, repeat(copy), changes, changes.values()))
        except AttributeError as error:
            raise TypeError(f"{kind.__name__} has no such field: {error}") from None
        become(copy, kind)
        return copy


class Fact(Record):
    """One typed record of something seen in an artifact; `docs/reference/facts.md` lists the kinds.

    Facts are equal when all fields are; they *fold* together when their `fold_key` is equal, which leaves
    out the places, the count and the fields that the schema names in `x-unfolded`.
    """

    __slots__ = ()
    KIND: ClassVar[str] = ""
    COLLECTION: ClassVar[str] = ""
    SUBJECT: ClassVar[str] = ""
    IDENTITY: ClassVar[tuple[str, ...]] = ()
    CONTEXT: ClassVar[frozenset[str]] = frozenset()
    KEY: ClassVar[tuple[str, ...]] = ()
    KEY_OF: ClassVar[Callable[[Record], tuple[Any, ...]]]
    MAPPED: ClassVar[bool] = False  # a field of the key may be a mapping, which no dict takes as a key
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.KEY_OF = _getter(cls.KEY)

    def fold_key(self) -> tuple[object, ...]:
        """What two facts of one kind must share to be one folded record."""
        kind = type(self)
        key = kind.KEY_OF(self)
        return key if not kind.MAPPED or _MAPPINGS.isdisjoint(map(type, key)) else tuple(map(_frozen, key))


_MAPPINGS = frozenset({dict, MappingProxyType})


def _frozen(value: object) -> object:
    """A hashable stand-in for a field's value."""
    if isinstance(value, (dict, MappingProxyType)):
        return frozenset(value.items())
    return value


def _rebuild(kind: type[Record], fields: dict[str, Any]) -> Record:
    return kind(**fields)
