"""Where texts stand in facts: what patterns look into, and how a secret is taken out of it again."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from modelaudit.engine.facts import Fact, Place

    Taken = Callable[[Fact, str], Fact]


class Spot:
    """A text in a fact: what it is for, whom it belongs to, and the field that holds it."""

    __slots__ = ("artifact", "index", "name", "owner", "places", "role", "text")

    def __init__(self, fact: Fact, name: str, text: str, role: str, owner: str, index: int = -1) -> None:
        self.artifact: str = getattr(fact, "artifact", "")
        self.places: tuple[Place, ...] = fact.places
        self.name = name
        self.text = text
        self.role = role
        self.owner = owner
        self.index = index  # of an argument or constant

    def put(self, fact: Fact, text: str) -> Fact:
        """The fact with another text in the place of this one."""
        if self.index < 0:
            return fact.replace(**{self.name: text})
        items = list(getattr(fact, self.name))
        item = items[self.index]
        items[self.index] = text if isinstance(item, str) else item.replace(value=text)
        return fact.replace(**{self.name: tuple(items)})


def spots(fact: Any) -> Iterable[Spot]:  # noqa: ANN401 - a fact of any kind
    """The texts of a fact that patterns look into."""
    found = SPOTS.get(fact.KIND)
    return () if found is None else found(fact)


def target(fact: Any) -> Spot:  # noqa: ANN401 - a reference
    """What a reference names: an address in it may hold a password."""
    return Spot(fact, "target", fact.target, "metadata", fact.owner or "")


def _text(fact: Any) -> Iterable[Spot]:  # noqa: ANN401
    return (Spot(fact, "value", fact.value, fact.role, fact.owner),)


def _metadata(fact: Any) -> Iterable[Spot]:  # noqa: ANN401
    return (Spot(fact, "value", fact.value, "metadata", fact.key),)


def _code(fact: Any) -> Iterator[Spot]:  # noqa: ANN401
    if fact.excerpt:
        yield Spot(fact, "excerpt", fact.excerpt, "source", fact.language)
    for index, constant in enumerate(fact.constants):
        yield Spot(fact, "constants", constant, "source", fact.language, index)


def _call(fact: Any) -> Iterator[Spot]:  # noqa: ANN401
    owner = fact.target or ""
    for name in ("args", "kwargs"):
        for index, given in enumerate(getattr(fact, name) or ()):
            if given.value and given.type == "str":
                yield Spot(fact, name, given.value, "argument", owner, index)


SPOTS: Mapping[str, Callable[[Any], Iterable[Spot]]] = {
    "text": _text,
    "metadata": _metadata,
    "code": _code,
    "call": _call,
}
