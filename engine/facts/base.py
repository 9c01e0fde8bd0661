"""What every fact and record can do: be compared, folded, copied and turned into plain data."""

from __future__ import annotations

from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, NoReturn, Self

    from modelaudit.engine.facts.kinds import Place


class Record:
    """An immutable record with named fields."""

    __slots__ = ()
    FIELDS: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} is immutable")

    def values(self) -> tuple[Any, ...]:
        """The values of all fields, in the order of `FIELDS`."""
        return tuple([getattr(self, name) for name in self.FIELDS])

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
        return type(self)(**{**dict(zip(self.FIELDS, self.values(), strict=True)), **changes})


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
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool

    def fold_key(self) -> tuple[object, ...]:
        """What two facts must share to be one folded record."""
        return (self.KIND, *[_frozen(getattr(self, name)) for name in self.KEY])


def _frozen(value: object) -> object:
    """A hashable stand-in for a field's value."""
    if isinstance(value, (dict, MappingProxyType)):
        return frozenset(value.items())
    return value


def _rebuild(kind: type[Record], fields: dict[str, Any]) -> Record:
    return kind(**fields)
