"""Sequences whose items are made when they are first looked at."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")

    class Base(Generic[T]):
        """What type checkers see."""

else:

    class Base:
        """The same without `typing`."""

        __slots__ = ()

        def __class_getitem__(cls, item: object) -> type:
            return cls

    T = "T"


class Lazy(Base[T]):
    """An unchangeable sequence of so many items, each made once, by its number."""

    __slots__ = ("_items", "_make")

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._items: list[T | None] = [None] * length
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> T:
        found = self._items[number]
        if found is None:
            found = self._items[number] = self._make(range(len(self._items))[number])
        return found

    def __iter__(self) -> Iterator[T]:
        return map(self.__getitem__, range(len(self._items)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Lazy, list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Lazy({list(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


def lazy(items: Sequence[Any], make: Callable[[Any], T]) -> Lazy[T]:
    """Each item of a sequence turned into another when it is first looked at."""
    return Lazy(len(items), lambda number: make(items[number]))
