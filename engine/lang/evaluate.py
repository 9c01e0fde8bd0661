"""Compiled conditions, values and messages as functions of an `Env`.

A condition gives True, False or None for unknown. Nothing that only the compiler needs is imported here.
"""

from __future__ import annotations

from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.lang.lists import Matcher

    Json = Any
    Value = Any
    Truth = bool | None
    Predicate = Callable[["Env"], Truth]
    Getter = Callable[["Env"], Value]
    Observe = Callable[[int, Truth], None]

BUDGET = 5_000_000  # items that a quantifier, with those inside it, may look at in one artifact
VARIABLES = 4  # quantifiers in each other, at most


class Shared:
    """What all evaluations on one artifact share: indexes, decided quantifiers, and the budget of items."""

    __slots__ = ("budget", "cache", "limit", "node", "nodes", "vars")

    def __init__(self, node: FactSet, limit: int = BUDGET) -> None:
        self.node = node
        self.limit = limit
        self.budget = limit
        self.cache: dict[object, Any] = {}
        self.vars: list[Value] = [None] * VARIABLES
        self.nodes: list[FactSet] = [node] * VARIABLES


class Env:
    """What an expression sees: a fact, and the fact set of the artifact that it was seen in.

    The fact set must not change any more. `n` is how many times the fact, or the group that it stands for, was
    seen. `at` gives the same for another fact of the artifact, with shared caches.
    """

    __slots__ = ("fact", "n", "node", "nodes", "shared", "vars")

    def __init__(self, node: FactSet, fact: Fact, shared: Shared | None = None) -> None:
        self.node = node
        self.fact = fact
        self.n: int = fact.n
        self.shared = shared if shared is not None else _shared(node)
        self.vars = self.shared.vars
        self.nodes = self.shared.nodes

    def at(self, fact: Fact) -> Env:
        """The environment of another fact of the same artifact."""
        return Env(self.node, fact, self.shared)


_LAST: list[Shared] = []


def _shared(node: FactSet) -> Shared:
    """What evaluations on this artifact share; that of the last artifact is kept."""
    shared = _LAST[0] if _LAST else None
    if shared is None or shared.node is not node:
        shared = Shared(node)
        _LAST[:] = [shared]
    return shared


def link(program: Json, lists: Mapping[str, Matcher], observe: Observe | None = None) -> Predicate:
    """A condition as a function; `observe` gets the number of each leaf that is evaluated, and its value.

    Leaves are numbered as `modelaudit.engine.lang.lower.leaves` lists them. With `observe` nothing is taken
    from an index or a cache.
    """
    from modelaudit.engine.lang.linker import Linker

    return Linker(lists, observe).condition(program)


def link_value(program: Json, lists: Mapping[str, Matcher]) -> Getter:
    """A value as a function; None when it is absent or unknown, the kept part of a cut text."""
    from modelaudit.engine.lang.linker import Linker

    get = Linker(lists).value(program)

    def value(env: Env) -> Value:
        found = get(env)
        if found is UNKNOWN:
            return None
        return found.kept if type(found) is Cut else found

    return value


def link_message(template: Json, lists: Mapping[str, Matcher]) -> Callable[[Env], str]:
    """A message template as a function."""
    from modelaudit.engine.lang.render import Renderer

    return Renderer(lists).template(template)


def constant(program: Json) -> Truth:
    """The value of a condition that reads no fact and no list."""
    return link(program, {})(_NOWHERE)


def constant_value(program: Json) -> Value:
    """The value of a term that reads no fact and no list."""
    from modelaudit.engine.lang.linker import Linker

    return Linker({}).value(program)(_NOWHERE)


_NOWHERE: Any = None
