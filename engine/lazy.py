"""Sequences whose items are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")
else:
    T = "T"


MANY = 512  # items that are made together when all are asked for


class Lazy(Sequence[T]):
    """An unchangeable sequence of so many items, each made once, by its number."""

    __slots__ = ("_items", "_make")

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._items: list[T | None] = [None] * length
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: Any) -> Any:  # noqa: ANN401 - an item, or a tuple for a slice
        if isinstance(number, slice):
            return tuple(map(self.__getitem__, range(len(self))[number]))
        found = self._items[number]
        if found is None:
            found = self._items[number] = self._make(range(len(self))[number])
        return found

    def __iter__(self) -> Iterator[T]:
        if len(self) > MANY:
            self._make_all()
        return map(self.__getitem__, range(len(self)))

    def _make_all(self) -> None:
        """Make what is not made yet without searches for garbage, which take longer the more items there are."""
        import gc

        enabled = gc.isenabled()
        gc.disable()
        try:
            for number in range(len(self)):
                self[number]
        finally:
            if enabled:
                gc.enable()

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
